"""Due work of orders."""

from __future__ import annotations

from datetime import datetime

from farthing.kit.clock import Clock
from farthing.kit.work import Job
from farthing.orders.operations.expiring import Expiring
from farthing.orders.operations.paying import SILENCE, Paying
from farthing.orders.repository import Repository


def jobs(expiring: Expiring, paying: Paying, repository: Repository, clock: Clock) -> tuple[Job, ...]:
    """Expire orders, forget what is old, and finish payments whose makers fell silent (in real time: a frozen clock does not stop them)."""

    async def recovery_due() -> datetime | None:
        return clock.now() if await repository.anyone_silent(SILENCE) else None

    return (
        Job("orders.expire", expiring.next_expiry, expiring.expire),
        Job("orders.forget", expiring.next_forgetting, expiring.forget),
        Job("orders.recover", recovery_due, paying.recover),
    )
