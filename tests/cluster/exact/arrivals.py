"""Arrivals at a constant rate, whatever becomes of the earlier ones (an open model)."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable

from tests.cluster.exact.record import Record

LATE = 0.1  # seconds
BEHIND = 1.0  # seconds: so late that it was not the load that was asked for
GRACE = 10.0  # seconds after the last arrival's time in which one that is late may still start: longer than a machine stands still

LONGEST = 1200.0  # seconds for which arrivals go on when nobody says that it is over: as long as an experiment may take


async def arrive(
    record: Record,
    start: Callable[[int], None],
    over: Callable[[], bool] = lambda: True,
    *,
    grace: float = GRACE,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Call `start` with 0, 1, 2 ... at the record's rate, as often as the record wants, and further until it is `over`.

    What was due by then is wanted, too. What cannot be started in time never is: the record is short of it.
    """
    begun, told = clock(), False
    for number in itertools.count():
        if not told:
            told = over()
            record.wanted = max(record.wanted, number + (not told), 1 + int((clock() - begun) * record.rate))
        if told and (number >= record.wanted or clock() > begun + record.seconds + grace):
            return
        due = begun + number / record.rate
        await sleep(max(0.0, due - clock()))
        lateness = clock() - due
        record.late += lateness > LATE
        record.behind += lateness > BEHIND
        record.latest = max(record.latest, lateness)
        start(number)
