"""Due work: sealing the record."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Final

from farthing.kit.clock import Clock
from farthing.kit.telemetry import Log
from farthing.kit.work import Job
from farthing.ledger.operations.record import Record

_PAUSE: Final = 1  # seconds: under load a block takes what a second brought, instead of following each posting


class Sealing:
    """Due whenever something can be sealed: that is no business deadline, and goes on while the platform's clock stands still.

    The head of the chain is logged: kept where nobody who owns the tables can write, it tells whether somebody sealed anew.
    """

    def __init__(self, record: Record, clock: Clock, log: Log) -> None:
        self._record, self._clock, self._log = record, clock, log
        self._not_before = time.monotonic()

    async def due(self) -> datetime | None:
        if time.monotonic() < self._not_before or not await self._record.something_to_seal():
            return None
        return self._clock.now()

    async def run(self) -> int:
        sealed = await self._record.seal()
        self._not_before = time.monotonic() + _PAUSE
        if sealed:
            head = await self._record.head()
            self._log.info("ledger.sealed", transfers=sealed, block=head.block, hash=head.hash)
        return sealed

    def job(self) -> Job:
        return Job("ledger.seal", self.due, self.run)
