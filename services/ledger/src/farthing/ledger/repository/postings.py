"""Accounts and postings: the writing half of the books."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from farthing.kit.db import Connection, one
from farthing.ledger.domain import FLOORS, AccountName, Posting, fingerprint

_MOST_REMEMBERED: Final = 100_000
_KNOWN = """
SELECT a.id, a.owner, a.kind, a.currency
FROM unnest($1::text[], $2::text[], $3::text[]) w (owner, kind, currency)
JOIN accounts a ON a.owner = w.owner AND a.kind = w.kind AND a.currency = w.currency
"""
_OPEN = """
INSERT INTO accounts (owner, kind, currency, floor)
SELECT w.owner, w.kind, w.currency, w.floor
FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) w (owner, kind, currency, floor)
ON CONFLICT (owner, kind, currency) DO NOTHING
"""
POST = """
SELECT outcome, detail FROM post(
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24
)
"""


class Outcome(NamedTuple):
    """What became of one posting: None posted it, "replayed" found it; anything else refused it on the account or hold `detail`."""

    result: str | None
    detail: str | None = None


class PostingRepository:
    """Opens accounts and posts batches. Remembers the numbers of accounts, which never change; `forget` after a reset or restore."""

    def __init__(self) -> None:
        self._ids: dict[AccountName, int] = {}

    def forget(self) -> None:
        self._ids = {}

    async def post(self, connection: Connection, postings: Sequence[Posting], moment: datetime) -> list[Outcome]:
        """Post a batch in one commit and answer each one's outcome, in order. Raises what PostgreSQL says when the whole batch failed.

        No two postings of a batch have the same id or name the same hold.
        """
        names = {name for posting in postings for name in posting.accounts()}
        ids = await self._ids_of(connection, names)
        row = one(await connection.fetchrow(POST, *columns(postings, ids), moment))
        if any(row["outcome"]):
            return _outcomes(row["outcome"], row["detail"], ids)
        return [Outcome(None)] * len(postings)

    async def _ids_of(self, connection: Connection, names: Collection[AccountName]) -> Mapping[AccountName, int]:
        """The numbers of these accounts; those that do not exist are opened, in a commit of their own."""
        known = self._ids
        if len(known) > _MOST_REMEMBERED:
            known = self._ids = {}
        missing = [name for name in names if name not in known]
        if missing:
            known |= await self._open(connection, missing)
        return {name: known[name] for name in names}

    async def _open(self, connection: Connection, names: Sequence[AccountName]) -> Mapping[AccountName, int]:
        found = await self._known(connection, names)
        new = sorted(name for name in names if name not in found)  # sorted: two replicas must not wait for each other in a circle
        if new:
            await connection.execute(_OPEN, *zip(*new, strict=True), [FLOORS[name.kind] for name in new])
            found |= await self._known(connection, new)
        return found

    async def _known(self, connection: Connection, names: Sequence[AccountName]) -> dict[AccountName, int]:
        rows = await connection.fetch(_KNOWN, *zip(*names, strict=True))
        return {AccountName(row["owner"], row["kind"], row["currency"]): row["id"] for row in rows}


def _outcomes(results: list[str | None], details: list[str | None], ids: Mapping[AccountName, int]) -> list[Outcome]:
    """With the names of accounts instead of their numbers."""
    names = {str(number): str(name) for name, number in ids.items()}
    return [
        Outcome(result, names.get(detail or "") if result == "insufficient_funds" else detail)
        for result, detail in zip(results, details, strict=True)
    ]


def columns(postings: Sequence[Posting], ids: Mapping[AccountName, int]) -> tuple[Sequence[object], ...]:
    """The parameters of the function `post` without the last: see its migration for their meaning."""
    items: list[tuple[object, ...]] = []
    legs: list[tuple[int, int, int, int, int, int | None]] = []
    uses: list[tuple[object, ...]] = []
    places: list[tuple[object, ...]] = []
    for item, posting in enumerate(postings, 1):
        first = len(legs) + 1
        legs += [(item, n, ids[debit], ids[credit], amount, floor) for n, (debit, credit, amount, floor) in enumerate(posting.legs, 1)]
        floored = any(leg.floor is not None for leg in posting.legs)
        items.append((posting.id, posting.kind, posting.reference, fingerprint(posting), first, len(legs), floored))
        uses += [(item, *use) for use in posting.uses]
        places += [(item, hold.id, ids[hold.account], hold.amount, hold.reference) for hold in posting.places]
    flat = [number for leg in legs for number in leg[2:5]]
    return (*_turned(items, 7), *_turned(legs, 6), flat, *_turned(uses, 4), *_turned(places, 5))


def _turned(rows: Sequence[tuple[object, ...]], width: int) -> tuple[tuple[object, ...], ...]:
    """Rows as columns; `width` columns also when there is no row."""
    return tuple(zip(*rows, strict=True)) or ((),) * width
