"""The one writer: postings of concurrent callers share a round trip, a commit and their locks, and each has an outcome of its own."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Sequence
from typing import Final

from farthing.kit.clock import Clock
from farthing.kit.db import Connection, Database
from farthing.kit.db.away import AWAY, means_away
from farthing.kit.errors import OutcomeUnknown, Unavailable
from farthing.ledger.domain import Posting
from farthing.ledger.repository.postings import POST, Outcome, PostingRepository

BATCH: Final = 128  # postings; beyond it a batch's waiting costs more than its sharing saves
_ATTEMPTS: Final = 3
# SQLSTATEs of serialization failure, deadlock, lock not available and unique violation: somebody else was quicker. Judged anew, the
# posting finds what that one wrote.
_CROSSED: Final = frozenset({"40001", "40P01", "55P03", "23505"})
_STALE = "account_not_found"

_Waiting = tuple[Posting, "asyncio.Future[Outcome]"]


class PostingQueue:
    """Takes whatever waits, at most BATCH postings, and writes it; what comes meanwhile is the next batch. There is no timer.

    A caller that is cancelled does not disturb the others; its posting may be in the books. When a whole batch fails, each of its postings
    is written again alone, so that a bad one fails alone.
    """

    def __init__(self, database: Database, repository: PostingRepository, clock: Clock) -> None:
        self._database, self._repository, self._clock = database, repository, clock
        self._waiting: list[_Waiting] = []
        self._writer: asyncio.Task[None] | None = None

    async def post(self, posting: Posting) -> Outcome:
        """Answer what became of the posting. Raises Unavailable (it was not written), OutcomeUnknown (it may have been: send it again)."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Outcome] = loop.create_future()
        self._waiting.append((posting, answer))
        if self._writer is None:
            self._writer = loop.create_task(self._write(), context=contextvars.Context())
        with self._database.traced(POST):
            return await answer

    async def stop(self) -> None:
        """Wait until nothing waits any more."""
        if self._writer is not None:
            await asyncio.wait([self._writer])

    async def _write(self) -> None:
        batch: list[_Waiting] = []
        error: Exception = Unavailable(description="The ledger is stopping.")
        try:
            async with self._database.connection() as connection:
                while batch := self._take():
                    await self._post(connection, batch)
                self._writer = None  # before the connection is given back, else a posting that comes now is never written
        except Exception as caught:  # noqa: BLE001 - handed to those who wait
            error = caught
        finally:
            if self._writer is asyncio.current_task():
                self._fail(batch, error)

    def _take(self) -> list[_Waiting]:
        """The next batch, in order of arrival. A posting whose id or hold is in it already waits for the following one."""
        taken: list[_Waiting] = []
        later: list[_Waiting] = []
        seen: set[str] = set()
        for n, waiting in enumerate(self._waiting):
            if len(taken) == BATCH:
                later.extend(self._waiting[n:])
                break
            posting, answer = waiting
            if answer.done():  # cancelled before anything was done for it
                continue
            names = {posting.id, *posting.holds()}
            (later if names & seen else taken).append(waiting)
            seen |= names
        self._waiting = later
        return taken

    async def _post(self, connection: Connection, batch: Sequence[_Waiting]) -> None:
        try:
            outcomes = await self._run(connection, [posting for posting, _ in batch])
        except OutcomeUnknown:
            raise
        except Exception:  # noqa: BLE001 - whatever it is, it is one posting's, and shows up again when that is alone
            for waiting in batch:
                await self._alone(connection, waiting)
            return
        for waiting, outcome in zip(batch, outcomes, strict=True):
            if outcome.result == _STALE:
                await self._alone(connection, waiting)
            elif not waiting[1].done():
                waiting[1].set_result(outcome)

    async def _alone(self, connection: Connection, waiting: _Waiting) -> None:
        posting, answer = waiting
        for _ in range(_ATTEMPTS):
            if answer.done():
                return
            try:
                [outcome] = await self._run(connection, [posting])
            except OutcomeUnknown:
                raise
            except Exception as error:  # noqa: BLE001 - handed to the one who asked
                if getattr(error, "sqlstate", None) in _CROSSED:
                    continue
                _refuse(answer, error)
                return
            if outcome.result != _STALE:
                if not answer.done():
                    answer.set_result(outcome)
                return
            self._repository.forget()
        _refuse(answer, Unavailable(description="The posting met others too often."))

    async def _run(self, connection: Connection, postings: Sequence[Posting]) -> list[Outcome]:
        try:
            return await self._repository.post(connection, postings, self._clock.now())
        except AWAY as error:
            if not means_away(error):
                raise
            raise OutcomeUnknown(description="The database did not answer.") from error

    def _fail(self, batch: Sequence[_Waiting], error: Exception) -> None:
        """Tell those whose batch was under way what happened to it, and those who still waited that nothing happened."""
        self._writer = None
        waiting, self._waiting = self._waiting, []
        for _, answer in batch:
            _refuse(answer, error)
        for _, answer in waiting:
            _refuse(answer, error if isinstance(error, Unavailable) else Unavailable(description="The database cannot be reached."))


def _refuse(answer: asyncio.Future[Outcome], error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)
