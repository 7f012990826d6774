"""All SQL of merchants."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from farthing.kit.db import Database

_COLUMNS = "account_id, email, name, country, rate_card, block_repeated_invoices"
_INSERT = """
INSERT INTO merchants (account_id, email, name, country, rate_card, block_repeated_invoices, created)
VALUES ($1, $2, $3, $4, $5::json, $6, $7) ON CONFLICT DO NOTHING
"""
_CHANGE = """
UPDATE merchants SET rate_card = coalesce($2::json, rate_card), block_repeated_invoices = coalesce($3, block_repeated_invoices)
WHERE account_id = $1
"""
_GIVE = "INSERT INTO consents (merchant_id, partner_id, given) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"


@dataclass(frozen=True, slots=True)
class MerchantRow:
    """`rate_card`: its JSON text; None where the standard one applies."""

    account_id: str
    email: str
    name: str
    country: str
    rate_card: str | None
    block_repeated_invoices: bool


class Repository:
    """Merchants and the consents they gave to partners."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def insert(self, merchant: MerchantRow, created: datetime) -> None:
        """Add the merchant; leaves one that is there (by account or e-mail address) as it is."""
        m = merchant
        await self._database.execute(_INSERT, m.account_id, m.email, m.name, m.country, m.rate_card, m.block_repeated_invoices, created)

    async def change(self, account_id: str, *, rate_card: str | None, block_repeated_invoices: bool | None) -> None:
        await self._database.execute(_CHANGE, account_id, rate_card, block_repeated_invoices)

    async def by_id(self, account_id: str) -> MerchantRow | None:
        return await self._one(f"SELECT {_COLUMNS} FROM merchants WHERE account_id = $1", account_id)

    async def by_email(self, email: str) -> MerchantRow | None:
        return await self._one(f"SELECT {_COLUMNS} FROM merchants WHERE lower(email) = lower($1)", email)

    async def has_consent(self, merchant_id: str, partner_id: str) -> bool:
        row = await self._database.row("SELECT 1 AS one FROM consents WHERE merchant_id = $1 AND partner_id = $2", merchant_id, partner_id)
        return row is not None

    async def give_consent(self, merchant_id: str, partner_id: str, given: datetime) -> None:
        await self._database.execute(_GIVE, merchant_id, partner_id, given)

    async def withdraw_consent(self, merchant_id: str, partner_id: str) -> None:
        await self._database.execute("DELETE FROM consents WHERE merchant_id = $1 AND partner_id = $2", merchant_id, partner_id)

    async def _one(self, sql: str, value: str) -> MerchantRow | None:
        row = await self._database.row(sql, value)
        return None if row is None else MerchantRow(*row.values())
