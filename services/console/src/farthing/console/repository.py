"""All SQL of console: what the operator has done, each change under a new revision number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from farthing.kit.db import Database, one

_RAISED: Final = """
raised AS (INSERT INTO revision (number) VALUES (1) ON CONFLICT (single) DO UPDATE SET number = revision.number + 1)
"""
_PUT_CLOCK: Final = f"""
WITH {_RAISED}
INSERT INTO clock (moved, frozen) VALUES ($1, $2) ON CONFLICT (single) DO UPDATE SET moved = excluded.moved, frozen = excluded.frozen
"""
_PUT_SWITCH: Final = f"""
WITH {_RAISED}
INSERT INTO switches (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value
"""
_ADD_FAULT: Final = f"""
WITH {_RAISED}
INSERT INTO faults (id, operation, kind, rule, times) VALUES ($1, $2, $3, $4, $5)
"""
_REMOVE_FAULT: Final = f"""
WITH {_RAISED}, removed AS (DELETE FROM faults WHERE id = $1 RETURNING id)
SELECT count(*) AS removed FROM removed
"""
_REMOVE_FAULTS: Final = f"""
WITH {_RAISED}
DELETE FROM faults
"""
# One hit for whoever comes first: the row's lock makes the others look again at what is left.
_CLAIM: Final = "UPDATE faults SET hits = hits + 1 WHERE id = $1 AND (times IS NULL OR hits < times)"
_RAISE: Final = f"WITH {_RAISED} SELECT 1"


@dataclass(frozen=True, slots=True)
class ClockRow:
    """`moved`: how far ahead of real time the clock runs. `frozen`: the moment at which it stands."""

    moved: timedelta
    frozen: datetime | None


@dataclass(frozen=True, slots=True)
class FaultRow:
    """`rule`: what the kind needs, as JSON."""

    id: str
    operation: str
    kind: str
    rule: str
    times: int | None
    hits: int = 0


class Repository:
    """Clock, switches and faults."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def clock(self) -> ClockRow | None:
        row = await self._database.row("SELECT moved, frozen FROM clock")
        return None if row is None else ClockRow(row["moved"], row["frozen"])

    async def put_clock(self, clock: ClockRow) -> None:
        await self._database.execute(_PUT_CLOCK, clock.moved, clock.frozen)

    async def switches(self) -> dict[str, str]:
        """Values, as JSON, by name."""
        return {row["name"]: row["value"] for row in await self._database.fetch("SELECT name, value FROM switches")}

    async def put_switch(self, name: str, value: str) -> None:
        await self._database.execute(_PUT_SWITCH, name, value)

    async def faults(self) -> list[FaultRow]:
        """In the order in which they were planted."""
        rows = await self._database.fetch("SELECT id, operation, kind, rule, times, hits FROM faults ORDER BY seq")
        return [FaultRow(row["id"], row["operation"], row["kind"], row["rule"], row["times"], row["hits"]) for row in rows]

    async def add_fault(self, fault: FaultRow) -> None:
        await self._database.execute(_ADD_FAULT, fault.id, fault.operation, fault.kind, fault.rule, fault.times)

    async def remove_fault(self, fault_id: str) -> bool:
        """False when it is not there."""
        return bool(one(await self._database.row(_REMOVE_FAULT, fault_id))["removed"])

    async def remove_faults(self) -> None:
        await self._database.execute(_REMOVE_FAULTS)

    async def claim(self, fault_id: str) -> bool:
        """Take one hit of a fault; False when none is left."""
        return await self._database.execute(_CLAIM, fault_id) == "UPDATE 1"

    async def doings(self) -> tuple[ClockRow | None, list[FaultRow], dict[str, str]]:
        """Clock, faults and switches."""
        return await self.clock(), await self.faults(), await self.switches()

    async def revision(self) -> int:
        row = await self._database.row("SELECT number FROM revision")
        return 0 if row is None else int(row["number"])

    async def raise_revision(self) -> None:
        """Everything may be another now, without a statement of ours."""
        await self._database.execute(_RAISE)
