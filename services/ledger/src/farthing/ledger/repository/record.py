"""Sealing the record."""

from __future__ import annotations

from datetime import datetime

from farthing.kit.db import Database, one
from farthing.ledger.domain import Head

_SEAL = "SELECT seal($1, $2) AS sealed"
_HEAD = "SELECT number AS block, encode(hash, 'hex') AS hash FROM blocks ORDER BY number DESC LIMIT 1"
_HASH = "SELECT encode(hash, 'hex') AS hash FROM blocks WHERE number = $1"
_UNSEALED = """
SELECT EXISTS (
    SELECT 1 FROM transfers
    WHERE xid >= coalesce((SELECT b.to_xid FROM blocks b ORDER BY b.number DESC LIMIT 1), '0'::xid8)
      AND xid < pg_snapshot_xmin(pg_current_snapshot())
) AS waiting
"""


class RecordRepository:
    """The hash chain over what was posted."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def seal(self, most: int, moment: datetime) -> int:
        """Seal one block of about `most` transfers and answer how many it has."""
        return int(one(await self._database.row(_SEAL, most, moment))["sealed"])

    async def head(self) -> Head:
        """Where something was sealed."""
        return Head(*one(await self._database.row(_HEAD)).values())

    async def hash_of(self, block: int) -> str | None:
        """None: there is no such block."""
        row = await self._database.row(_HASH, block)
        return None if row is None else str(row["hash"])

    async def something_to_seal(self) -> bool:
        return bool(one(await self._database.row(_UNSEALED))["waiting"])
