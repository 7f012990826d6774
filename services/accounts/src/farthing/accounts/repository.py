"""All SQL of accounts. An account is read as its JSON document, instruments included."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from farthing.kit.db import Database, one

_DOCUMENT = """
SELECT json_strip_nulls(json_build_object(
    'id', a.id, 'email', a.email, 'kind', a.kind, 'country', a.country, 'given_name', a.given_name, 'surname', a.surname,
    'business_name', a.business_name, 'address', a.address, 'created', a.created,
    'instruments', (SELECT coalesce(json_agg(json_build_object(
        'id', i.id, 'kind', i.kind, 'token', i.token, 'brand', i.brand, 'last_digits', i.last_digits, 'expiry', i.expiry, 'name', i.name
    ) ORDER BY i.seq), '[]') FROM instruments i WHERE i.account_id = a.id)
))::text AS document
FROM accounts a
"""
_BY_ID = f"SELECT ({_DOCUMENT} WHERE a.id = $1) AS document"
_BY_EMAIL = f"SELECT ({_DOCUMENT} WHERE lower(a.email) = lower($1)) AS document"
_INSERT = """
WITH made AS (
    INSERT INTO accounts (key, id, email, kind, country, given_name, surname, business_name, address, created)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::json, $10) ON CONFLICT DO NOTHING RETURNING id
)
SELECT count(*) AS made FROM made
"""
_ADD_INSTRUMENT = """
WITH added AS (
    INSERT INTO instruments (id, account_id, kind, token, brand, last_digits, expiry, name)
    SELECT $1, a.id, $3, $4, $5, $6, $7, $8 FROM accounts a WHERE a.id = $2
    ON CONFLICT DO NOTHING RETURNING id
)
SELECT count(*) AS added FROM added
"""


class Repository:
    """Accounts and instruments."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._by_id, self._by_email = database.together(_BY_ID), database.together(_BY_EMAIL)

    async def insert(self, key: str, account_id: str, details: Sequence[str | None], created: datetime) -> bool:
        """False when the key, the id or the e-mail address is there already. `details`: the columns from `email` to `address`."""
        row = one(await self._database.row(_INSERT, key, account_id, *details, created))
        return bool(row["made"])

    async def by_key(self, key: str) -> str | None:
        row = await self._database.row(f"{_DOCUMENT} WHERE a.key = $1", key)
        return None if row is None else row["document"]

    async def by_id(self, account_id: str) -> str | None:
        found: str | None = (await self._by_id.row(account_id))["document"]
        return found

    async def by_email(self, email: str) -> str | None:
        found: str | None = (await self._by_email.row(email))["document"]
        return found

    async def page(self, after: str | None, limit: int) -> list[str]:
        """In the order of opening, from behind the account `after`."""
        position = "WHERE a.seq > coalesce((SELECT b.seq FROM accounts b WHERE b.id = $1), 0) ORDER BY a.seq LIMIT $2"
        return [row["document"] for row in await self._database.fetch(_DOCUMENT + position, after, limit)]

    async def add_instrument(self, instrument_id: str, account_id: str, details: Sequence[str]) -> bool:
        """False when the account does not exist or the id is there already. `details`: the columns from `kind` to `name`."""
        row = one(await self._database.row(_ADD_INSTRUMENT, instrument_id, account_id, *details))
        return bool(row["added"])
