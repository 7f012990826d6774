"""Sealing the record."""

from __future__ import annotations

from datetime import datetime

from farthing.kit.db import Database, one

_SEAL = "SELECT seal($1, $2) AS sealed"
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

    async def something_to_seal(self) -> bool:
        return bool(one(await self._database.row(_UNSEALED))["waiting"])
