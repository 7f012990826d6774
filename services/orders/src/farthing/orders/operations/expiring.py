"""What time does to orders: they expire, and what is old is forgotten."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from farthing.clients.orders.events import REVERSED
from farthing.kit.clock import Clock
from farthing.orders.domain.order import REMEMBERED, Order
from farthing.orders.domain.states import Status, Step, after
from farthing.orders.operations.news import Teller
from farthing.orders.repository import Repository

_TOGETHER: Final = 100
_A_DAY: Final = timedelta(days=1)


class Expiring:
    """Ends orders whose time is over, and drops records and expired orders once a day."""

    def __init__(self, repository: Repository, teller: Teller, clock: Clock) -> None:
        self._repository, self._teller, self._clock = repository, teller, clock

    async def next_expiry(self) -> datetime | None:
        return await self._repository.next_expiry()

    async def expire(self) -> int:
        """Expire what is overdue; the payer's approval of an approved order ends with it, and its merchant learns that."""
        orders = await self._repository.overdue(self._clock.now(), _TOGETHER)
        return sum([await self._expire(order) for order in orders])

    async def next_forgetting(self) -> datetime | None:
        """The end of the day on which the oldest was old enough: not each at its own moment, or advancing the clock would stop at each."""
        oldest = await self._repository.oldest_forgettable()
        return None if oldest is None else oldest.replace(hour=0, minute=0, second=0, microsecond=0) + _A_DAY

    async def forget(self) -> int:
        return await self._repository.forget(self._clock.now())

    async def _expire(self, order: Order) -> bool:
        now = self._clock.now()
        news = [self._teller.news(order, REVERSED)] if order.status is Status.APPROVED else []
        order.status, order.updated = after(order.status, Step.EXPIRE, order.intent), now
        order.expires = now + REMEMBERED
        return await self._repository.save(order, news)
