"""All SQL of processor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farthing.kit.db import one
from farthing.processor.domain import Request, Stored, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from farthing.kit.db import Connection, Database, Record

_COLUMNS = """key, kind, original, token, amount, currency, reference, approved, response_code, avs_code, cvv_code, network,
    network_reference, acquirer_reference, used, voided"""
# On a known key nothing changes, and the row that is there is answered.
_STORE = f"""
INSERT INTO requests (key, kind, original, token, amount, currency, reference, approved, response_code, avs_code, cvv_code, network,
    network_reference, acquirer_reference, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
ON CONFLICT (key) DO UPDATE SET key = excluded.key
RETURNING {_COLUMNS}
"""
_FIND = f"SELECT {_COLUMNS} FROM requests WHERE key = $1"


class Repository:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._store = database.together(_STORE)

    async def store(self, new: Stored, at: datetime) -> Stored:
        """Store once per key, and answer what the key has."""
        return _stored(await self._store.row(*_values(new, at)))

    async def find(self, key: str) -> Stored | None:
        row = await self._database.row(_FIND, key)
        return None if row is None else _stored(row)

    async def follow_up(self, request: Request, decide: Callable[[Stored | None], Stored], at: datetime) -> Stored:
        """Let `decide` judge a request about an earlier one, which is locked meanwhile; answer what the key has."""
        async with self._database.transaction() as connection:
            original = await _read(connection, f"{_FIND} FOR UPDATE", request.original)
            known = await _read(connection, _FIND, request.key)
            if known is not None:
                return known
            made = decide(original)
            stored = _stored(one(await connection.fetchrow(_STORE, *_values(made, at))))
            if original is not None and made.verdict.approved and stored == made:
                changed = original.after(request)
                await connection.execute(
                    "UPDATE requests SET used = $2, voided = $3 WHERE key = $1", request.original, changed.used, changed.voided
                )
            return stored


async def _read(connection: Connection, sql: str, key: str | None) -> Stored | None:
    row = await connection.fetchrow(sql, key)
    return None if row is None else _stored(row)


def _values(new: Stored, at: datetime) -> tuple[object, ...]:
    request, verdict = new.request, new.verdict
    return (
        *(request.key, request.kind, request.original, request.token, request.amount, request.currency, request.reference),
        *(verdict.approved, verdict.response_code, verdict.avs_code, verdict.cvv_code, verdict.network),
        *(new.network_reference, new.acquirer_reference, at),
    )


def _stored(row: Record) -> Stored:
    request = Request(row["key"], row["kind"], row["amount"], row["currency"], row["original"], row["token"], row["reference"])
    verdict = Verdict(row["response_code"], row["avs_code"], row["cvv_code"], row["network"])
    return Stored(request, verdict, row["network_reference"], row["acquirer_reference"], row["used"], row["voided"])
