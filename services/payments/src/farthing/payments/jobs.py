"""Due work of payments."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from farthing.kit.work import Job

if TYPE_CHECKING:
    from datetime import datetime

    from farthing.kit.clock import Clock
    from farthing.payments.operations.close import CloseAuthorization
    from farthing.payments.operations.execution import Execution
    from farthing.payments.repository.intents import IntentRepository

# Request ids are forgotten a day at a time: nobody sees whether one is kept a little longer, since it is not honoured any more.
_FORGETTING: Final = timedelta(days=1)


def recovery(execution: Execution, clock: Clock) -> Job:
    """Finish what a crash, or a callee that was away, left half-done."""

    async def due() -> datetime | None:
        return clock.now() if await execution.is_stale() else None

    return Job("recovery", due, execution.recover)


def expiry(close: CloseAuthorization) -> Job:
    """Close authorizations whose validity is over."""
    return Job("expiry", close.next_expiry, close.expire)


def forgetting(intents: IntentRepository, clock: Clock) -> Job:
    """Forget request ids that are kept no longer."""

    async def due() -> datetime | None:
        first = await intents.first_expiry()
        return None if first is None else first + _FORGETTING

    async def run() -> int:
        return await intents.forget_expired(clock.now())

    return Job("forgetting", due, run)
