from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from farthing.kit.clock import Clock, wire_time
from farthing.kit.errors import Unavailable
from farthing.kit.telemetry import Log, Metrics
from farthing.kit.work import Job, Worker

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Alarm:
    """Due at given moments; remembers when it ran on the clock."""

    def __init__(self, clock: Clock, *moments: datetime) -> None:
        self.clock, self.moments = clock, sorted(moments)
        self.ran: list[datetime] = []
        self.broken = 0

    async def due(self) -> datetime | None:
        return self.moments[0] if self.moments else None

    async def run(self) -> int:
        if self.broken:
            self.broken -= 1
            raise Unavailable
        due = [moment for moment in self.moments if moment <= self.clock.now()]
        self.moments = self.moments[len(due) :]
        self.ran += [self.clock.now()] * len(due)
        return len(due)


def frozen_at(moment: datetime) -> Clock:
    clock = Clock()
    clock.set(offset=timedelta(), frozen=moment)
    return clock


def worker(clock: Clock, *alarms: Alarm) -> Worker:
    jobs = tuple(Job(f"alarm{n}", alarm.due, alarm.run) for n, alarm in enumerate(alarms))
    return Worker("shop", clock, jobs, None, None, Log("shop", "1"), Metrics())


async def test_drain_does_what_is_due_and_leaves_the_rest() -> None:
    clock = frozen_at(NOON)
    alarm = Alarm(clock, NOON - timedelta(hours=1), NOON, NOON + timedelta(hours=1))
    bench = worker(clock, alarm)
    assert await bench.drain() == 2
    assert await bench.next_due() == NOON + timedelta(hours=1)


async def test_a_running_worker_wakes_when_the_clock_moves() -> None:
    clock = frozen_at(NOON)
    alarm = Alarm(clock, NOON + timedelta(days=29))
    bench = worker(clock, alarm)
    bench.start()
    await asyncio.sleep(0.05)
    assert alarm.ran == []
    clock.move_to(NOON + timedelta(days=30))
    bench.wake()
    async with asyncio.timeout(5):
        while not alarm.ran:  # noqa: ASYNC110 - the job is somebody else's task
            await asyncio.sleep(0.01)
    await bench.stop()
    assert alarm.ran == [NOON + timedelta(days=30)]


async def test_a_failing_job_is_tried_again_and_stops_nobody(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    clock = frozen_at(NOON)
    bad, good = Alarm(clock, NOON), Alarm(clock, NOON)
    bad.broken = 1
    bench = worker(clock, bad, good)
    bench.start()
    async with asyncio.timeout(5):
        while not (bad.ran and good.ran):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await bench.stop()
    assert b'"work.waits"' in capsysbinary.readouterr().err


async def test_a_paused_worker_begins_nothing() -> None:
    clock = frozen_at(NOON)
    alarm = Alarm(clock)
    bench = worker(clock, alarm)
    bench.start()
    await bench.pause()
    alarm.moments = [NOON]
    bench.wake()
    await asyncio.sleep(0.05)
    assert alarm.ran == []
    bench.resume()
    async with asyncio.timeout(5):
        while not alarm.ran:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await bench.stop()


def test_the_clock_freezes_moves_and_never_goes_back() -> None:
    clock = Clock()
    clock.freeze()
    stood = clock.now()
    assert clock.now() == stood
    clock.move_to(stood + timedelta(days=1))
    assert (clock.now(), clock.frozen) == (stood + timedelta(days=1), True)
    with pytest.raises(ValueError, match="never goes back"):
        clock.move_to(stood)
    clock.unfreeze()
    assert timedelta() <= clock.now() - (stood + timedelta(days=1)) < timedelta(seconds=5)
    clock.restart()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_times_on_the_wire_have_seconds_and_a_z() -> None:
    assert wire_time(datetime(2026, 1, 2, 3, 4, 5, 999, tzinfo=UTC)) == "2026-01-02T03:04:05Z"


async def test_drain_waits_for_what_the_loops_are_at_and_says_that_something_was_done() -> None:
    clock = frozen_at(NOON)
    begun, finished = asyncio.Event(), asyncio.Event()

    async def due() -> datetime | None:
        return None if begun.is_set() else NOON

    async def run() -> int:
        begun.set()
        await asyncio.sleep(0.05)
        finished.set()
        return 1

    bench = Worker("shop", clock, (Job("slow", due, run),), None, None, Log("shop", "1"), Metrics())
    bench.start()
    await begun.wait()
    assert await bench.drain() > 0
    assert finished.is_set()
    await bench.stop()
    assert await bench.drain() == 0


async def test_a_worker_stops_although_a_cancellation_was_lost() -> None:
    """As `asyncio.wait_for` of Python 3.11 loses it when what it waits for comes at the same moment."""
    lost = asyncio.Event()

    class Deaf(Alarm):
        async def run(self) -> int:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                if lost.is_set():
                    raise
                lost.set()
            return 1

    clock = frozen_at(NOON)
    bench = worker(clock, Deaf(clock, NOON))
    bench.start()
    await asyncio.sleep(0.05)
    async with asyncio.timeout(10):
        await bench.stop()
    assert lost.is_set()


async def test_the_turn_is_given_when_nothing_is_handled_any_more() -> None:
    ended: list[str] = []

    async def run() -> int:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.05)  # what a handler does when it is cancelled
            ended.append("work")
        return 1

    class Turn:
        mine = True

        async def run(self) -> None:
            try:
                await asyncio.sleep(60)
            finally:
                ended.append("turn")

        async def drain(self) -> int:
            return 0

    clock = frozen_at(NOON)
    job = Job("slow", Alarm(clock, NOON).due, run)
    bench = Worker("shop", clock, (job,), None, None, Log("shop", "1"), Metrics(), Turn())
    bench.start()
    await asyncio.sleep(0.05)
    await bench.stop()
    assert ended == ["work", "turn"]
