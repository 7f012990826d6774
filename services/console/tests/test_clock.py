"""The clock: what the operator sees, what advancing does in the services, and what a restart remembers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from farthing.console.errors import AdvanceUnfinished, ClockNeverGoesBack
from farthing.console.gateways.control import ControlClient
from farthing.console.operations.clock import DueWork, TimeControl
from farthing.console.operations.publication import Publication
from farthing.console.repository import Repository
from farthing.kit.clock import Clock, real_now
from farthing.kit.errors import Unavailable
from farthing.kit.faults import Fault
from farthing.kit.settings import Settings
from farthing.kit.work import Job
from tests.platform import TestPlatform
from tests.single import Single, StartSingle

HERE = Settings(public_url="http://farthing.test")

REFUSED: list[tuple[Any, int, str]] = [
    ({"by": "P1M"}, 400, "INVALID_DURATION"),
    ({"by": "29 days"}, 400, "INVALID_DURATION"),
    ({"by": "-P1D"}, 400, "INVALID_DURATION"),
    ({"by": "P9999999D"}, 400, "STEP_TOO_LONG"),
    ({"by": "P1826DT1S"}, 400, "STEP_TOO_LONG"),
    ({"to": "2099-01-01T00:00:00Z"}, 400, "STEP_TOO_LONG"),
    ({"to": "9999-01-01T00:00:00Z"}, 400, "STEP_TOO_LONG"),
    ({"to": "2001-01-01T00:00:00Z"}, 422, "CLOCK_NEVER_GOES_BACK"),
    ({"to": "2027-01-01T00:00:00"}, 400, "INVALID_PARAMETER_SYNTAX"),
    ({"to": "soon"}, 400, "INVALID_PARAMETER_SYNTAX"),
    ({}, 400, "INVALID_PARAMETER_VALUE"),
    ({"by": "P1D", "to": "2027-01-01T00:00:00Z"}, 400, "INVALID_PARAMETER_VALUE"),
    ({"by": 29}, 400, "INVALID_PARAMETER_SYNTAX"),
    ({"for": "P1D"}, 400, "INVALID_PARAMETER_SYNTAX"),
    ([], 400, "INVALID_PARAMETER_SYNTAX"),
]


class Attempts:
    """Due work that comes again after each pause of a schedule; while it runs, nothing of it is due."""

    def __init__(self, clock: Clock, pauses: list[timedelta], then: Callable[[], Awaitable[None]] | None = None) -> None:
        self._clock, self._pauses, self._then = clock, pauses, then
        self._next: datetime | None = clock.now()
        self.made: list[datetime] = []
        self.failing = False
        self.takes = 0.0
        self.taken = asyncio.Event()

    async def due(self) -> datetime | None:
        return self._next

    async def run(self) -> int:
        if self.failing:
            raise Unavailable
        if self._next is None or self._next > self._clock.now():
            return 0
        self._next = None
        self.taken.set()
        await asyncio.sleep(self.takes)
        at = self._clock.now()
        self.made.append(at)
        if self._then is not None:
            await self._then()
        if len(self.made) <= len(self._pauses):
            self._next = at + self._pauses[len(self.made) - 1]
        return 1

    def job(self, name: str) -> Job:
        return Job(name, self.due, self.run)


def give(service: Single, attempts: Attempts) -> Job:
    """Let a running service do this, too."""
    job = attempts.job("test")
    service.running.worker._jobs = (*service.running.worker._jobs, job)
    return job


@pytest.fixture
async def console(single: StartSingle) -> Single:
    return await single("console", "accounts", "processor", settings=HERE)


@pytest.fixture
def clock(console: Single) -> TimeControl:
    return control(console)


def control(console: Single, *names: str, longest: float = 20.0) -> TimeControl:
    names = names or tuple(console.beside)
    repository = Repository(console.database)
    alone = Publication(None, repository, {})
    due = DueWork({name: ControlClient(console.host.link(name)) for name in names}, alone)
    return TimeControl(console.clock, repository, due, alone, longest=longest)


class TestByHttp:
    async def test_it_tells_the_time(self, platform: TestPlatform) -> None:
        before = real_now().replace(microsecond=0)
        found = (await platform.http.get("/_farthing/clock")).json()
        assert before <= datetime.fromisoformat(found.pop("now")) <= real_now()
        assert found == {"frozen": False}

    async def test_frozen_it_stands_and_unfrozen_it_goes_on_from_there(self, platform: TestPlatform) -> None:
        frozen = (await platform.http.post("/_farthing/clock/freeze")).json()
        stood = platform.clock.now()
        await asyncio.sleep(0.05)
        assert frozen == {"now": stood.strftime("%Y-%m-%dT%H:%M:%SZ"), "frozen": True}
        assert platform.clock.now() == stood
        assert (await platform.http.get("/_farthing/clock")).json() == frozen
        assert (await platform.http.post("/_farthing/clock/freeze")).json() == frozen

        assert (await platform.http.post("/_farthing/clock/unfreeze")).json()["frozen"] is False
        first = platform.clock.now()
        assert stood <= first < stood + timedelta(seconds=2)
        await asyncio.sleep(0.01)
        assert platform.clock.now() > first

    async def test_unfreezing_a_running_clock_changes_nothing(self, platform: TestPlatform) -> None:
        await platform.http.post("/_farthing/clock/unfreeze")
        assert platform.clock.offset == timedelta()

    async def test_what_cannot_be_advanced_by(self, platform: TestPlatform) -> None:
        for body, status, issue in REFUSED:
            answer = await platform.http.post("/_farthing/clock/advance", json=body)
            assert (answer.status_code, answer.json()["details"][0]["issue"]) == (status, issue), body
        assert platform.clock.offset == timedelta()

    async def test_bodies_that_are_none(self, platform: TestPlatform) -> None:
        for content, kind, status in (
            (b"{", "application/json", 400),
            (b"", "application/json", 400),
            (b'{"by": "P1\\u0000D"}', "application/json", 400),
            (b"\xff\xfe", "application/json", 400),
            (b'{"by":"P1D"}', "text/plain", 415),
        ):
            answer = await platform.http.post("/_farthing/clock/advance", content=content, headers={"content-type": kind})
            assert answer.status_code == status, content


class TestAdvance:
    async def test_a_frozen_clock_stands_at_the_target(self, console: Single, clock: TimeControl) -> None:
        await clock.freeze()
        start = console.clock.now()
        assert await clock.advance_by("P29D") == 0
        assert (console.clock.now(), console.clock.frozen) == (start + timedelta(days=29), True)
        await clock.advance_to(start + timedelta(days=30))
        assert console.clock.now() == start + timedelta(days=30)

    async def test_a_running_clock_runs_on(self, console: Single, clock: TimeControl) -> None:
        start = console.clock.now()
        await clock.advance_by("PT1H")
        reached = console.clock.now()
        assert timedelta(hours=1) <= reached - start < timedelta(hours=1, seconds=5)
        await asyncio.sleep(0.01)
        assert console.clock.now() > reached
        assert console.clock.frozen is False

    @pytest.mark.parametrize("frozen", [True, False])
    async def test_each_piece_of_work_sees_the_time_at_which_it_was_due(self, console: Single, clock: TimeControl, frozen: bool) -> None:
        if frozen:
            await clock.freeze()
        tenth, third = timedelta(hours=10), timedelta(hours=3)
        slow = Attempts(console.clock, [tenth] * 3)
        quick = Attempts(console.clock, [third] * 12)
        give(console.beside["accounts"], slow)
        give(console.beside["processor"], quick)

        assert await clock.advance_by("PT31H") == 3 + 10 - (1 if frozen else 0)  # at 30 hours both are due at once

        allowed = timedelta() if frozen else timedelta(minutes=1)
        for attempts, pause, count in ((slow, tenth, 4), (quick, third, 11)):
            gaps = [later - earlier - pause for earlier, later in zip(attempts.made, attempts.made[1:], strict=False)]
            assert len(attempts.made) == count
            assert all(timedelta() <= gap <= allowed for gap in gaps), gaps

    @pytest.mark.parametrize("lost", [False, True])
    async def test_work_that_work_makes_is_done_at_once(self, console: Single, lost: bool) -> None:
        """`lost`: the service that makes it cannot say that it has done something."""
        clock = control(console, "processor", "accounts")
        await clock.freeze()
        start = console.clock.now()
        second = Attempts(console.clock, [])
        second._next = None

        async def hand_on() -> None:
            second._next = console.clock.now()

        first = Attempts(console.clock, [timedelta(days=1)], hand_on)
        first.takes = 0.05  # meanwhile the other one has said that it has nothing to do
        give(console.beside["processor"], first)
        give(console.beside["accounts"], second)
        if lost:
            console.faults.plant(Fault("lost", "work.drain", "lost_response", times=1))

        await clock.advance_by("P1D")
        assert second.made == [start, start + timedelta(days=1)]

    async def test_it_waits_for_what_the_services_are_at_by_themselves(self, console: Single, clock: TimeControl) -> None:
        await clock.freeze()
        start, service = console.clock.now(), console.beside["accounts"]
        attempts = Attempts(console.clock, [timedelta(hours=1)] * 24)
        attempts.takes = 0.02
        job = give(service, attempts)
        service.running.worker.start()
        try:
            job.wake()
            await attempts.taken.wait()  # the loop is at the first one
            await clock.advance_by("P3D")
        finally:
            await service.running.worker.stop()
        assert attempts.made == [start + timedelta(hours=n) for n in range(25)]

    async def test_two_at_once_take_turns(self, console: Single, clock: TimeControl) -> None:
        await clock.freeze()
        start = console.clock.now()
        attempts = Attempts(console.clock, [timedelta(hours=1)] * 100)
        give(console.beside["accounts"], attempts)
        ten, five, _ = await asyncio.gather(clock.advance_by("PT10H"), clock.advance_by("PT5H"), clock.freeze())
        assert (ten, five) == (10, 5)
        assert console.clock.now() == start + timedelta(hours=15)
        assert attempts.made == [start + timedelta(hours=n) for n in range(16)]

    async def test_work_that_cannot_be_done_now_does_not_hold_time(self, console: Single, clock: TimeControl) -> None:
        stuck = Attempts(console.clock, [])
        give(console.beside["accounts"], stuck)

        async def nothing() -> int:
            return 0

        stuck.run = nothing  # type: ignore[method-assign]
        job = Job("stuck", stuck.due, nothing)
        console.beside["processor"].running.worker._jobs = (job,)
        assert await clock.advance_by("PT1H") == 0

    async def test_a_service_that_is_away_holds_the_clock(self, console: Single) -> None:
        with pytest.raises(AdvanceUnfinished):
            await control(console, "accounts", "ledger").advance_by("P1D")
        assert console.clock.offset == timedelta()

    async def test_a_service_whose_work_fails_holds_the_clock_where_it_is(self, console: Single) -> None:
        clock = control(console)
        await clock.freeze()
        start = console.clock.now()
        attempts = Attempts(console.clock, [timedelta(hours=1)] * 3)
        give(console.beside["accounts"], attempts)
        await clock.advance_by("PT1H")
        attempts.failing = True
        with pytest.raises(AdvanceUnfinished, match="ADVANCE_UNFINISHED"):
            await clock.advance_by("PT5H")
        assert console.clock.now() == start + timedelta(hours=2)
        attempts.failing = False
        await clock.advance_to(start + timedelta(hours=6))
        assert len(attempts.made) == 4

    async def test_it_ends_in_time_and_can_be_continued(self, console: Single) -> None:
        clock = control(console, longest=0.5)
        await clock.freeze()
        start = console.clock.now()
        attempts = Attempts(console.clock, [timedelta(seconds=1)] * 100_000)
        give(console.beside["accounts"], attempts)
        with pytest.raises(AdvanceUnfinished):
            await clock.advance_by("P1D")
        reached = console.clock.now() - start
        assert timedelta(seconds=3) < reached < timedelta(days=1)
        with pytest.raises(AdvanceUnfinished):
            await clock.advance_by("P1D")
        assert console.clock.now() - start > reached

    async def test_time_does_not_go_back(self, console: Single, clock: TimeControl) -> None:
        await clock.advance_by("P1D")
        with pytest.raises(ClockNeverGoesBack):
            await clock.advance_to(real_now())


class TestRestart:
    async def again(self, console: Single) -> Clock:
        """What another process would know."""
        clock = Clock()
        alone = Publication(None, repository := Repository(console.database), {})
        restarted = TimeControl(clock, repository, DueWork({}, alone), alone)
        await restarted.load()
        return clock

    async def test_an_advanced_clock_is_remembered(self, console: Single, clock: TimeControl) -> None:
        await clock.advance_by("P29D")
        found = await self.again(console)
        assert (found.offset, found.frozen) == (console.clock.offset, False)

    async def test_a_frozen_clock_is_remembered(self, console: Single, clock: TimeControl) -> None:
        await clock.freeze()
        assert (await self.again(console)).now() == console.clock.now()
        await clock.advance_by("P1D")
        found = await self.again(console)
        assert (found.now(), found.frozen) == (console.clock.now(), True)

    async def test_an_unfrozen_clock_is_remembered(self, console: Single, clock: TimeControl) -> None:
        await clock.freeze()
        await clock.advance_by("P1D")
        await clock.unfreeze()
        found = await self.again(console)
        assert (found.offset, found.frozen) == (console.clock.offset, False)
        assert found.offset > timedelta(hours=23)

    async def test_an_untouched_clock_is_real_time(self, console: Single) -> None:
        found = await self.again(console)
        assert (found.offset, found.frozen) == (timedelta(), False)

    async def test_each_change_raises_the_revision(self, console: Single, clock: TimeControl) -> None:
        repository = Repository(console.database)
        seen = [await repository.revision()]
        await clock.freeze()
        seen.append(await repository.revision())
        await clock.advance_by("P1D")
        seen.append(await repository.revision())
        await clock.unfreeze()
        seen.append(await repository.revision())
        assert seen == sorted(set(seen))

    async def test_the_service_loads_it_before_it_serves(self, single: StartSingle, console: Single, clock: TimeControl) -> None:
        target = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
        await clock.freeze()
        await clock.advance_to(target)
        console.clock.restart()
        assert console.service.start is not None
        await console.service.start()
        assert console.clock.now() == target
