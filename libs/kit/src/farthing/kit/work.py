"""Due work: jobs of a service, its relay and its inbox, run by one worker that sleeps until something is due or it is woken."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from farthing.kit.call import TRAIL
from farthing.kit.errors import ApiError
from farthing.kit.telemetry.tracing import new_trail

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from datetime import datetime

    from farthing.kit.clock import Clock
    from farthing.kit.events import EventSource, Inbox, Relay
    from farthing.kit.telemetry import Log, Metrics

JOB_TIME = 60.0  # seconds one run may take
_IDLE = 5.0  # seconds after which a sleeping worker looks again, whatever happened
_AFTER_FAILURE = 1.0
_BREATH = 0.1  # seconds between two batches of events: the first goes at once, under load the next ones are larger and far cheaper


@dataclass(slots=True)
class Job:
    """Work that becomes due on the clock. `due` answers when the earliest is (None: nothing), `run` does what is due and answers how much.

    A job is safe to run twice and on several replicas at once.
    """

    name: str
    due: Callable[[], Awaitable[datetime | None]]
    run: Callable[[], Awaitable[int]]
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        self.woken.set()


class Worker:
    """Runs the jobs, the relay and the inbox of one service until it is stopped."""

    def __init__(
        self,
        service: str,
        clock: Clock,
        jobs: tuple[Job, ...],
        relay: Relay | None,
        inbox: Inbox | None,
        log: Log,
        metrics: Metrics,
        source: EventSource | None = None,
    ) -> None:
        self._service, self._clock, self._jobs = service, clock, jobs
        self._relay, self._inbox, self._source = relay, inbox, source
        self._log, self._metrics = log, metrics
        self._tasks: list[asyncio.Task[None]] = []
        self._resting = asyncio.Event()
        self._resting.set()
        self._steps = 0
        self._still = asyncio.Event()
        self._still.set()

    def start(self) -> None:
        loops = [self._run_job(job) for job in self._jobs]
        if self._relay is not None:
            loops.append(self._pump(self._relay.woken, self._relay.step))
        if self._inbox is not None:
            loops.append(self._pump(self._inbox.woken, self._inbox_step))
        if self._source is not None:
            loops.append(self._source.run())
        self._tasks = [asyncio.create_task(loop) for loop in loops]

    async def stop(self) -> None:
        """Cancel the loops, the source last, for its turn goes to another process, which finishes what was in the middle."""
        for tasks in (self._tasks[:-1], self._tasks[-1:]):
            await end(tasks)
        self._tasks = []

    async def pause(self) -> None:
        """Begin nothing new and wait for what is running (for reset and restore)."""
        self._resting.clear()
        await self._still.wait()

    def resume(self) -> None:
        self._resting.set()
        self.wake()

    def wake(self) -> None:
        """Look again: the clock moved, or work was added."""
        for job in self._jobs:
            job.woken.set()
        for part in (self._relay, self._inbox):
            if part is not None:
                part.woken.set()

    async def next_due(self) -> datetime | None:
        """The earliest moment on the clock at which a job has something to do."""
        found = [due for job in self._jobs if (due := await job.due()) is not None]
        return min(found, default=None)

    async def drain(self) -> int:
        """Do everything that is due now, events included, wait for what the loops are at, and answer how much was done (0: nothing)."""
        total = 0
        while (done := await self._round()) or self._steps:
            await self._still.wait()
            total += done or 1
        return total

    async def _round(self) -> int:
        done = await self._relay.drain() if self._relay is not None else 0
        done += await self._source.drain() if self._source is not None else 0
        done += await self._inbox.step(everything=True) if self._inbox is not None else 0
        for job in self._jobs:
            due = await job.due()
            if due is not None and due <= self._clock.now():
                done += await self._once(job)
        return done

    async def _once(self, job: Job) -> int:
        trail = new_trail(JOB_TIME, sampled=False)
        trail.facts = {}
        token = TRAIL.set(trail)
        try:
            done = await job.run()
        finally:
            TRAIL.reset(token)
        self._metrics.job_done(self._service, job.name, "done")
        return done

    async def _run_job(self, job: Job) -> None:
        while True:
            await self._resting.wait()
            job.woken.clear()
            pause = await self._guarded(job.name, lambda: self._job_step(job))
            await _sleep(job.woken, pause)

    async def _job_step(self, job: Job) -> float:
        """Run the job when it is due; answer how long to sleep, in seconds."""
        due = await job.due()
        if due is None:
            return _IDLE
        if due <= self._clock.now():
            return 0.0 if await self._once(job) else _AFTER_FAILURE
        return _IDLE if self._clock.frozen else min(_IDLE, (due - self._clock.now()).total_seconds())

    async def _pump(self, woken: asyncio.Event, step: Callable[[], Awaitable[int]]) -> None:
        async def once() -> float:
            return _BREATH if await step() else _IDLE

        while True:
            await self._resting.wait()
            woken.clear()
            pause = await self._guarded("events", once)
            await (asyncio.sleep(pause) if pause == _BREATH else _sleep(woken, pause))

    async def _inbox_step(self) -> int:
        assert self._inbox is not None  # noqa: S101 - for the type checker
        if self._source is not None and not self._source.mine:
            return 0
        done = await self._inbox.step()
        await self._inbox.tidy()  # also under load: an inbox that never runs idle would never forget
        return done

    async def _guarded(self, name: str, step: Callable[[], Awaitable[float]]) -> float:
        self._steps += 1
        self._still.clear()
        try:
            return await step()
        except ApiError as error:  # another service or the database is away: that is not a defect
            self._log.warning("work.waits", job=name, reason=error.name)
        except Exception as error:  # noqa: BLE001 - the edge of the worker
            self._log.error("work.failed", error, job=name)
        finally:
            self._steps -= 1
            if self._steps == 0:
                self._still.set()
        self._metrics.job_done(self._service, name, "failed")
        return _AFTER_FAILURE


async def _sleep(woken: asyncio.Event, seconds: float) -> None:
    if seconds <= 0:
        await asyncio.sleep(0)
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await woken.wait()


async def end(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel until they are done; what they raise nobody hears."""
    while running := [task for task in tasks if not task.done()]:
        for task in running:
            task.cancel()  # and again: in Python 3.11 what waits with a time limit can lose one
        await asyncio.wait(running, timeout=0.5)
