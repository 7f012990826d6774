"""One service in a process of its own: what it is made of, and its life from the first second to the last."""

from __future__ import annotations

import asyncio
import gc
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

from farthing.kit.auth import Jwks, Verifier
from farthing.kit.clock import Clock
from farthing.kit.db import Database
from farthing.kit.errors import Unavailable
from farthing.kit.faults import Faults
from farthing.kit.service import Build, Host, Running
from farthing.kit.switches import Switches
from farthing.kit.telemetry import Log, Metrics, Tracing
from farthing.kit.telemetry.tracing import exporter_of
from farthing.money import Ids
from farthing.standalone.calls import Calls
from farthing.standalone.keys import key_source
from farthing.standalone.self_contained import NoDatabase, SelfContained
from farthing.standalone.server import Listeners

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from farthing.standalone.broker.wiring import Wiring
    from farthing.standalone.settings import ProcessSettings

PUBLIC_AUDIENCE = "farthing"
POOL = 3  # connections to the database; one more for who holds the turn to receive events
_PAUSE = 1.0  # seconds until what is away is asked again
_KEYS = 10.0  # seconds that a start waits for keys; longer it does not, since what wants only those that are there goes on
_LAST_STEPS = 5.0  # seconds for work in the background to come to an end


class Process:
    """A service with everything around it. `run` returns after SIGTERM, when nothing is left in flight."""

    def __init__(self, build: Build, settings: ProcessSettings) -> None:
        self._settings = settings
        self._apps, self._peers = Jwks(key_source(settings.apps)), Jwks(key_source(settings.peers))
        self.host = self._make_host()
        self._wiring = self._connect()
        service = build(self.host)
        transport, source = (None, None) if self._wiring is None else self._wiring.join()
        running = SelfContained if settings.self_contained else Running
        self.running = running(settings.manifest, service, self.host, transport, source)
        self.running.not_ready = self._not_ready
        self._state = "starting"
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Raises ValueError when it cannot listen, and whatever keeps the service from starting, except that something is away."""
        settings = self._settings
        listeners = Listeners(settings.host, [(self.running.internal, settings.port), (self.running.public, settings.public_port)])
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._stop.set)
        listeners.start()
        starting, stopping = asyncio.create_task(self._start()), asyncio.create_task(self._stop.wait())
        done, _ = await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
        if starting in done:
            starting.result()
            await stopping
        starting.cancel()
        self._state = "stopping"
        await listeners.stop(settings.drain)
        await self._close()

    def _make_host(self) -> Host:
        settings = self._settings
        manifest, platform = settings.manifest, settings.platform
        tracing = Tracing(platform.trace_ratio, exporter_of(platform.otlp_endpoint, platform.environment))
        self._spans = tracing.of(manifest.name, manifest.version)
        self._calls = Calls(settings, self._spans)
        return Host(
            settings=platform,
            database=self._make_database(),
            clock=Clock(),
            ids=Ids(),
            faults=Faults(),
            switches=Switches(),
            journal=None,
            metrics=Metrics(),
            tracing=tracing,
            log=Log(manifest.name, manifest.version),
            link=self._calls.link,
            apps=Verifier(self._apps, PUBLIC_AUDIENCE),
            peers=Verifier(self._peers, manifest.name, settings.subject_prefix),
            callers=settings.callers,
            version=manifest.version,
        )

    def _make_database(self) -> Database:
        settings = self._settings
        if settings.self_contained:
            return NoDatabase()
        return Database(settings.database, settings.manifest.name, size=POOL + bool(settings.manifest.consumes), spans=self._spans)

    def _connect(self) -> Wiring | None:
        if self._settings.broker is None:
            return None
        from farthing.standalone.broker.wiring import Wiring  # noqa: PLC0415 - only a process with a broker pays for the import

        return Wiring(self._settings.manifest, self._settings.broker, self.host)

    def _not_ready(self) -> str:
        if self._state != "serving":
            return f"This process is {self._state}."
        return self._wiring.not_ready() if self._wiring is not None else ""

    async def _start(self) -> None:
        """Begin as soon as everything that is needed for it is there; until then this process is alive and not ready.

        The keys by which tokens are known are read before: a first request without them would be refused.
        """
        if self._wiring is not None:
            self._wiring.start(self.running)
        await _until(self._begun)
        async with asyncio.TaskGroup() as reading:
            known = [reading.create_task(self._read(*named)) for named in self._key_sets()]
            if known:
                await asyncio.wait(known, timeout=_KEYS)
            self._state = "serving"
            _calm_the_collector()
            self.host.log.info("service.started", port=self._settings.port, public_port=self._settings.public_port)

    def _key_sets(self) -> tuple[tuple[str, Jwks], ...]:
        """Those that requests here come with: apps have no way to a service without public paths, nor has it one to identity's keys."""
        if self._settings.self_contained:
            return ()
        peers = ("service", self._peers)
        return (("access", self._apps), peers) if self._settings.manifest.public else (peers,)

    async def _read(self, whose: str, keys: Jwks) -> None:
        if not await keys.read():
            self.host.log.warning("service.waits", reason=f"The keys of {whose} tokens cannot be read.")
            await _until(keys.read)

    async def _begun(self) -> bool:
        try:
            await self.running.start()
            if self._settings.platform.sandbox and self.running.service.seed is not None:
                await self.running.service.seed()
        except Unavailable as error:
            self.host.log.warning("service.waits", reason=str(error))
            await self.running.stop()
            return False
        return True

    async def _close(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_STEPS):
                await self.running.worker.pause()
        await self.running.stop()
        if self._wiring is not None:
            await self._wiring.stop()
        await self._calls.aclose()
        self.host.log.info("service.stopped")
        self.host.tracing.flush()
        self.host.tracing.close()


async def serve(build: Build, settings: ProcessSettings) -> None:
    await Process(build, settings).run()


async def _until(done: Callable[[], Awaitable[bool]]) -> None:
    while not await done():  # noqa: ASYNC110 - another machine cannot set an Event here
        await asyncio.sleep(_PAUSE)


def _calm_the_collector() -> None:
    """What lives since the start is never collected, and young objects are looked at less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
