"""Arrivals at a constant rate, whatever becomes of the earlier ones (an open model)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tests.cluster.exact.record import Record

LATE = 0.1  # seconds
_GRACE = 1.0  # seconds after the last arrival's time in which one that is late may still start


async def arrive(record: Record, start: Callable[[int], None]) -> None:
    """Call `start` with 0, 1, 2 ... at the record's rate. What cannot be started in time never is: the record is short of it."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    for number in range(record.wanted):
        due = begun + number / record.rate
        await asyncio.sleep(max(0.0, due - loop.time()))
        lateness = loop.time() - due
        if loop.time() > begun + record.seconds + _GRACE:
            return
        record.late += lateness > LATE
        record.latest = max(record.latest, lateness)
        start(number)
