"""A whole run: the books before, the arrivals, the books after."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from tests.cluster.exact.arrivals import arrive
from tests.cluster.exact.books import Books, Totals
from tests.cluster.exact.connection import Connections
from tests.cluster.exact.record import Record
from tests.cluster.exact.report import Report
from tests.cluster.exact.shopper import NEVER, Access, Retries, Shopper


class NoToken(Exception):
    """The platform gave no token before the run: there is nothing to measure."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`checkouts`: as many at least; `rate`: arrivals per second; `patience` and `settling`: seconds, see Books; `others`: see judge.

    `begun` is called when the books have been read and the first checkout is due; arrivals go on until it is `over`.
    """

    url: str
    checkouts: int
    rate: float = 20.0
    retries: Retries = NEVER
    operator: str = field(default="", repr=False)
    mixed: bool = True
    patience: float = 60.0
    settling: float = 5.0
    others: int = 0
    begun: Callable[[], object] = lambda: None
    over: Callable[[], bool] = lambda: True


@contextlib.asynccontextmanager
async def opened(url: str) -> AsyncIterator[Connections]:
    connections = Connections(url)
    try:
        yield connections
    finally:
        connections.close()


async def run(plan: Plan) -> Report:
    """Raises NoToken, BooksUnreadable."""
    record = Record(plan.checkouts, plan.rate, retries=plan.retries.attempts > 1)
    access = Access(uuid.uuid4().hex[:20], plan.operator)
    async with opened(plan.url) as connections:
        before = await _begin(connections, access, plan)
        plan.begun()
        await _shop(Shopper(connections, access, record, plan.retries, mixed=plan.mixed), record, plan.over)
        verdict = await Books(connections, access, plan.patience, plan.settling).reconcile(record.checkouts, before, plan.others)
    return Report(record, verdict)


async def _begin(connections: Connections, access: Access, plan: Plan) -> Totals:
    """Sign in, outside the record, and read the books."""
    first = Shopper(connections, access, Record(0, plan.rate, retries=True), Retries(attempts=4))
    if not await first.sign_in(-1):
        raise NoToken(plan.url)
    return await Books(connections, access, plan.patience, plan.settling).totals()


async def _shop(shopper: Shopper, record: Record, over: Callable[[], bool]) -> None:
    tasks: list[asyncio.Task[None]] = []
    await arrive(record, lambda number: tasks.append(asyncio.create_task(shopper.shop(number))), over)
    await asyncio.gather(*tasks)
