"""Reading accounts, holds and transfers, a page at a time."""

from __future__ import annotations

from collections.abc import Collection

from farthing.kit.db import Database
from farthing.ledger.domain import Account, AccountName, Hold, Leg, Transfer

_BALANCES = "SELECT id, owner, kind, currency, balance, held, floor, version FROM accounts WHERE owner = $1 ORDER BY kind, currency"
_ACCOUNTS = "SELECT id, owner, kind, currency, balance, held, floor, version FROM accounts WHERE id > $1 ORDER BY id LIMIT $2"
_NAMES = "SELECT id, owner, kind, currency FROM accounts WHERE id = ANY($1)"
_HOLDS = """
SELECT h.id, h.amount, h.remaining, h.reference, h.placed_at, a.owner, a.kind, a.currency
FROM holds h JOIN accounts a ON a.id = h.account_id
WHERE h.closed_by IS NULL AND h.id > $1 ORDER BY h.id LIMIT $2
"""
_TRANSFERS = """
SELECT id, xid::text::bigint AS xid, seq, kind, reference, posted_at, legs FROM transfers
WHERE (xid, seq) > ($1::bigint::text::xid8, $2::bigint) AND ($3::text IS NULL OR kind = $3)
ORDER BY xid, seq LIMIT $4
"""
_OF_REFERENCE = """
SELECT id, xid::text::bigint AS xid, seq, kind, reference, posted_at, legs FROM transfers
WHERE (xid, seq) > ($1::bigint::text::xid8, $2::bigint) AND ($3::text IS NULL OR kind = $3) AND reference = $5
ORDER BY xid, seq LIMIT $4
"""


class BooksRepository:
    """`after` of each page is where the one before ended."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_owner(self, owner: str) -> list[Account]:
        rows = await self._database.fetch(_BALANCES, owner)
        return [
            Account(r["id"], AccountName(r["owner"], r["kind"], r["currency"]), r["balance"], r["held"], r["floor"], r["version"])
            for r in rows
        ]

    async def accounts(self, after: int, limit: int) -> list[Account]:
        rows = await self._database.fetch(_ACCOUNTS, after, limit)
        return [
            Account(r["id"], AccountName(r["owner"], r["kind"], r["currency"]), r["balance"], r["held"], r["floor"], r["version"])
            for r in rows
        ]

    async def open_holds(self, after: str, limit: int) -> list[Hold]:
        rows = await self._database.fetch(_HOLDS, after, limit)
        return [
            Hold(r["id"], AccountName(r["owner"], r["kind"], r["currency"]), r["amount"], r["remaining"], r["reference"], r["placed_at"])
            for r in rows
        ]

    async def transfers(self, kind: str | None, reference: str | None, after: tuple[int, int], limit: int) -> list[Transfer]:
        """After (xid, seq), in that order."""
        if reference is None:
            rows = await self._database.fetch(_TRANSFERS, *after, kind, limit)
        else:
            rows = await self._database.fetch(_OF_REFERENCE, *after, kind, limit, reference)
        names = await self._names({number for r in rows for number in r["legs"][0::3] + r["legs"][1::3]})
        return [Transfer(r["id"], r["xid"], r["seq"], r["kind"], r["reference"], r["posted_at"], _legs(r["legs"], names)) for r in rows]

    async def _names(self, numbers: Collection[int]) -> dict[int, AccountName]:
        rows = await self._database.fetch(_NAMES, list(numbers))
        return {r["id"]: AccountName(r["owner"], r["kind"], r["currency"]) for r in rows}


def _legs(flat: list[int], names: dict[int, AccountName]) -> tuple[Leg, ...]:
    return tuple(Leg(names[debit], names[credit], amount) for debit, credit, amount in zip(flat[0::3], flat[1::3], flat[2::3], strict=True))
