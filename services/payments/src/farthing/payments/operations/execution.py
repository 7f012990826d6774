"""Carrying out intents: by whoever opened one, by his twins, and by the job that finishes what a crash left."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from farthing.kit.call import TRAIL
from farthing.kit.errors import ApiError, OutcomeUnknown
from farthing.payments.repository.intents import FIRST

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from farthing.payments.domain.intent import Intent, IntentKind
    from farthing.payments.operations.subjects import Subjects
    from farthing.payments.repository.intents import IntentRepository

T = TypeVar("T")

STALE_SECONDS: Final = 3
_AT_ONCE: Final = 100


class Executor(Protocol):
    """Does what an intent says and records the outcome. Every step has an id made from the intent, so that doing it again changes nothing.

    A refusal withdraws the intent and is raised. `alone`: whoever calls has opened the intent, and nobody was told of it yet.
    """

    async def execute(self, intent: Intent, *, alone: bool) -> object: ...


class Twins:
    """Equal things that this process is at: the first one does them, the others wait for it."""

    def __init__(self) -> None:
        self._running: dict[str, asyncio.Future[None]] = {}

    async def run(self, name: str, work: Callable[[], Awaitable[T]]) -> T:
        """Do the work; whoever joins meanwhile ends with it."""
        ended = self._running[name] = asyncio.get_running_loop().create_future()
        try:
            result = await work()
        except BaseException as error:
            ended.set_exception(error if isinstance(error, ApiError) else OutcomeUnknown())
            ended.exception()  # nobody may be waiting
            raise
        else:
            ended.set_result(None)
            return result
        finally:
            if self._running.get(name) is ended:
                del self._running[name]

    async def join(self, name: str) -> bool:
        """Wait for the one that is running; False when there is none. Raises what it raised."""
        running = self._running.get(name)
        if running is None:
            return False
        await asyncio.shield(running)
        return True


class Execution:
    """At most one execution of an intent at a time in this process; those of other processes change nothing for this one.

    An execution never waits for another one, so whoever waits for one never waits in a circle.
    """

    def __init__(self, intents: IntentRepository, subjects: Subjects) -> None:
        self._intents, self._subjects = intents, subjects
        self._executors: Mapping[IntentKind, Executor] = {}
        self._twins = Twins()
        self._tried = FIRST

    def use(self, executors: Mapping[IntentKind, Executor]) -> None:
        """Say who executes which kind. They are made after this, because they finish each other's intents through it."""
        self._executors = executors

    async def run(self, intent: Intent, execute: Callable[[], Awaitable[T]]) -> T:
        """Execute an intent that the caller has just opened."""
        return await self._twins.run(intent.id, execute)

    async def finish(self, intent_id: str) -> bool:
        """Bring an intent to its end, whoever began it; False when it was refused and withdrawn. Raises what executing it raises."""
        if await self._twins.join(intent_id):
            return True
        intent = await self._intents.share(intent_id)
        if intent is None:
            known = await self._intents.find(intent_id)
            return known is not None and known.done
        execute = self._executors[intent.kind].execute
        await self._twins.run(intent_id, lambda: execute(intent, alone=False))
        return True

    async def finish_other(self, intent_id: str) -> None:
        """Let somebody else's intent end, so that one's own can be judged. Its refusal is not ours; that it cannot end now, is."""
        try:
            await self.finish(intent_id)
        except ApiError as error:
            if error.status_code >= 500:
                raise

    async def recover(self) -> int:
        """Finish what was begun some seconds ago and is not done; answer how much is. One that cannot be finished holds back no other.

        A run whose time is over, or that fails, is continued by the next one behind the last that was tried.
        """
        done, trail = 0, TRAIL.get()
        while stale := await self._intents.stale(STALE_SECONDS, _AT_ONCE, self._tried):
            for self._tried in stale:
                done += await self._recover(self._tried.intent_id)
                if trail is not None and trail.remaining() <= 0:
                    return done
        self._tried = FIRST
        return done

    async def _recover(self, intent_id: str) -> bool:
        try:
            await self._subjects.tell(await self._intents.find(intent_id))
            await self.finish(intent_id)
        except ApiError as error:
            return error.status_code < 500
        return True

    async def is_stale(self) -> bool:
        return bool(await self._intents.stale(STALE_SECONDS, 1))
