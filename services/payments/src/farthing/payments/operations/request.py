"""Public writes: once per PayPal-Request-Id, one after the other on each resource (wire contract, section 7.2)."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from farthing.kit.call import TRAIL
from farthing.kit.errors import Refused, Unavailable
from farthing.payments.domain.intent import REQUEST_IDS_KEPT, Intent
from farthing.payments.errors import PreviousRequestInProgress, RequestIdReused
from farthing.payments.operations.execution import Twins

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from farthing.clients.merchants.acting import Actor
    from farthing.kit.clock import Clock
    from farthing.money import Ids
    from farthing.payments.operations.execution import Execution, Executor
    from farthing.payments.repository.intents import IntentRepository

# Each try that fails means that somebody else's change of the same resource came to its end. After so many, those operations give up that
# may say so (wire contract, section 7.1); the others go on until nobody waits for them any more.
_MOST_TRIES: Final = 200
MAY_CONFLICT: Final = frozenset({"authorizations.void", "captures.refund"})


@dataclass(frozen=True, slots=True)
class WriteRequest:
    """One public write. `path_id` is the id in its path, `body` its content in canonical form."""

    actor: Actor
    operation: str
    path_id: str
    request_id: str | None
    body: bytes = b""

    @property
    def fingerprint(self) -> str:
        return hashlib.blake2b(self.body, digest_size=16).hexdigest()


class Written(NamedTuple):
    """`attempt` is the id of what was made. `replayed`: an earlier request with this id has made it."""

    attempt: str
    replayed: bool


class Slot(NamedTuple):
    """What a new intent of a request gets: its idempotency key, and how long that is kept."""

    intent_id: str
    fingerprint: str
    expires: datetime


class Writing:
    """The idempotency of public writes."""

    def __init__(self, intents: IntentRepository, execution: Execution, clock: Clock, ids: Ids, *, strict: bool) -> None:
        self._intents, self._execution, self._clock, self._ids, self._strict = intents, execution, clock, ids, strict
        self._twins = Twins()

    async def once(self, request: WriteRequest, begin: Callable[[Slot], Awaitable[Intent | None]], executor: Executor) -> Written:
        """Do what `begin` writes down, unless it was done under this request id.

        `begin` judges and opens the intent in one compare-and-set; None means that somebody was faster: it is asked again.
        Raises what `begin` and the executor raise, RequestIdReused (strict mode), PreviousRequestInProgress, Unavailable.
        """
        intent_id = self._intent_id(request)
        if request.request_id is not None and await self._twins.join(intent_id):
            return await self._once(request, intent_id, begin, executor)
        return await self._twins.run(intent_id, lambda: self._once(request, intent_id, begin, executor))

    async def _once(
        self, request: WriteRequest, intent_id: str, begin: Callable[[Slot], Awaitable[Intent | None]], executor: Executor
    ) -> Written:
        for tries in itertools.count():
            _refuse_to_starve(request.operation, tries)
            if request.request_id is not None:
                known = await self._known(intent_id, request)
                if known is not None:
                    return Written(known.attempt, replayed=True)
            intent = await self._begun(Slot(intent_id, request.fingerprint, self._clock.now() + REQUEST_IDS_KEPT), begin)
            if intent is not None:
                await self._execute(intent, executor)
                return Written(intent.attempt, replayed=False)
        raise AssertionError

    async def _begun(self, slot: Slot, begin: Callable[[Slot], Awaitable[Intent | None]]) -> Intent | None:
        """None: somebody was faster. He may be a twin who came after we had looked, and what he did may be what refuses us."""
        try:
            return await begin(slot)
        except Refused:
            if await self._intents.find(slot.intent_id) is None:
                raise
            return None

    async def _execute(self, intent: Intent, executor: Executor) -> None:
        await self._execution.run(intent, lambda: executor.execute(intent, alone=True))

    async def _known(self, intent_id: str, request: WriteRequest) -> Intent | None:
        """What was made under this request id, brought to its end; None when there is nothing or it is no longer kept."""
        known = await self._intents.find(intent_id)
        if known is None:
            return None
        if known.done and known.expires is not None and known.expires <= self._clock.now():
            await self._intents.forget(intent_id, self._clock.now())
            return None
        if self._strict and known.fingerprint != request.fingerprint:
            raise RequestIdReused
        if known.done or await self._execution.finish(intent_id):
            return known
        return None

    def _intent_id(self, request: WriteRequest) -> str:
        """The scope of a request id is app, operation and path; without one every request is its own."""
        if request.request_id is None:
            return f"once.{self._ids.resource()}"
        scope = f"{request.actor.client_id}\n{request.operation}\n{request.path_id}\n{request.request_id}"
        return f"request.{hashlib.blake2b(scope.encode(), digest_size=20).hexdigest()}"


def _refuse_to_starve(operation: str, tries: int) -> None:
    """Raises PreviousRequestInProgress where that is documented, else Unavailable once the request's time is over: nothing was done."""
    if tries < _MOST_TRIES:
        return
    if operation in MAY_CONFLICT:
        raise PreviousRequestInProgress
    trail = TRAIL.get()
    if trail is None or trail.remaining() <= 0:
        raise Unavailable(description="Others changed this resource all the time: try again later.")
