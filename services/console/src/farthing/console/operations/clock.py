"""The platform's clock: stop it, let it run, move it forward and do what becomes due on the way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from farthing.console.domain.durations import NotADuration, parse_duration
from farthing.console.errors import AdvanceUnfinished, ClockNeverGoesBack, DurationInvalid, StepTooLong, TargetTooFar
from farthing.console.gateways.control import ControlClient
from farthing.console.operations.patience import patience
from farthing.console.operations.publication import Publication
from farthing.console.repository import ClockRow, Repository
from farthing.kit.clock import Clock, real_now, wire_time
from farthing.kit.errors import ApiError
from farthing.kit.service import Work

LONGEST: Final = 100.0  # seconds of real time that one advance may take; the command line waits 120
_FAILURES: Final = 5  # in a row, after which a service counts as stuck
_PAUSE: Final = 0.2  # seconds between them
_TRIES: Final = 5  # to finish what became due while other work was done
_LONGEST_STEP: Final = timedelta(days=5 * 365 + 1)
_LAST: Final = datetime(9000, 1, 1, tzinfo=UTC)  # PostgreSQL and Python know later times; nobody needs them


class DueWork:
    """What all services have to do."""

    def __init__(self, services: Mapping[str, ControlClient], publication: Publication) -> None:
        self._services, self._publication = services, publication

    async def drain(self, until: float) -> list[datetime]:
        """Do everything that is due, until one whole round reports nothing; answer when what comes is due.

        `until`: when to give up, by the monotonic clock. Raises AdvanceUnfinished.
        """
        while True:
            with patience(until):
                found = await asyncio.gather(*(self._drain(name, until) for name in self._services))
            if not any(work.done for work in found):
                return [work.next_due for work in found if work.next_due is not None]

    async def _drain(self, name: str, until: float) -> Work:
        failures = 0
        while failures < _FAILURES and time.monotonic() <= until:
            try:
                work = await self._services[name].drain(self._publication.number)
            except ApiError:  # not reachable, failed, or still at it: then nobody knows how much it has done
                failures += 1
                await asyncio.sleep(_PAUSE)
            else:
                return work.model_copy(update={"done": work.done + failures})
        raise AdvanceUnfinished(description=f"What is due in {name} cannot be finished now. The clock stays where it is; try again.")


class TimeControl:
    """Owns the clock's state. Changes take turns; what is durable is never behind what work was done at."""

    def __init__(self, clock: Clock, repository: Repository, due: DueWork, publication: Publication, *, longest: float = LONGEST) -> None:
        self._clock, self._repository, self._due, self._publication = clock, repository, due, publication
        self._longest = longest
        self._turn = asyncio.Lock()

    async def load(self) -> None:
        row = await self._repository.clock()
        if row is None:
            self._clock.restart()
        else:
            self._clock.set(offset=row.moved, frozen=row.frozen)

    def state(self) -> tuple[str, bool]:
        """The time, and whether it stands."""
        return wire_time(self._clock.now()), self._clock.frozen

    async def freeze(self) -> None:
        async with self._turn:
            self._clock.freeze()  # first, so that it does not jump back to a moment that was written before
            await self._repository.put_clock(ClockRow(self._clock.offset, self._clock.now()))
            await self._publication.publish()

    async def unfreeze(self) -> None:
        async with self._turn:
            if self._clock.frozen:
                await self._put(ClockRow(self._clock.now() - real_now(), None))

    async def advance_by(self, duration: str) -> int:
        """Answer at how many moments something was due. Raises DurationInvalid, StepTooLong, TargetTooFar, AdvanceUnfinished."""
        try:
            ahead = parse_duration(duration)
        except NotADuration as error:
            raise DurationInvalid(description=str(error), field="/by", value=duration[:100]) from None
        if ahead > _LONGEST_STEP:
            raise StepTooLong(field="/by", value=duration[:100])
        async with self._turn:
            return await self._advance(_later(self._clock.now(), ahead))

    async def advance_to(self, moment: datetime) -> int:
        """Answer at how many moments something was due. Raises ClockNeverGoesBack, StepTooLong, TargetTooFar, AdvanceUnfinished."""
        async with self._turn:
            if moment < self._clock.now():
                raise ClockNeverGoesBack(field="/to")
            if moment - self._clock.now() > _LONGEST_STEP:
                raise StepTooLong(field="/to")
            return await self._advance(_later(moment, timedelta()))

    async def _advance(self, target: datetime) -> int:
        """Stop at each moment at which something is due, so that all work sees the time at which it was due; answer how many they were."""
        until = time.monotonic() + self._longest
        steps, dues = 0, await self._settle(until)
        while (step := min((due for due in dues if due <= target), default=None)) is not None:
            self._check(until)
            await self._move(step)
            steps, dues = steps + 1, await self._settle(until)
        await self._move(target)
        await self._settle(until)
        return steps

    async def _settle(self, until: float) -> list[datetime]:
        """Do what is due and answer when what comes is due. Work that is due and cannot be done now is left behind."""
        dues: list[datetime] = []
        for _ in range(_TRIES):
            began = self._clock.now()
            dues = await self._due.drain(until)
            if not any(began < due <= self._clock.now() for due in dues):
                break  # else a running clock has come upon more in the meantime
        return [due for due in dues if due > self._clock.now()]

    def _check(self, until: float) -> None:
        if time.monotonic() > until:
            reached = wire_time(self._clock.now())
            raise AdvanceUnfinished(
                description=f"More became due than could be done in time: the clock stands at {reached}. Advance again."
            )

    async def _move(self, moment: datetime) -> None:
        ahead = moment - self._clock.now()
        if ahead <= timedelta():
            return
        moved = self._clock.offset
        await self._put(ClockRow(moved, moment) if self._clock.frozen else ClockRow(moved + ahead, None))

    async def _put(self, row: ClockRow) -> None:
        """Durable first: after a crash the clock is not behind what was done."""
        await self._repository.put_clock(row)
        self._clock.set(offset=row.moved, frozen=row.frozen)
        await self._publication.publish()


def _later(moment: datetime, ahead: timedelta) -> datetime:
    if moment > _LAST or ahead > _LAST - moment:
        raise TargetTooFar
    return moment + ahead
