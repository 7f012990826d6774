"""The whole platform in one process: every service, wired by the manifests, over the same clients and edges as apart."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from farthing.embedded.database import Place, count_start, prepare
from farthing.embedded.events import EmbeddedEvents
from farthing.embedded.public import Gate, PublicSite
from farthing.embedded.sandbox import Sandbox
from farthing.embedded.services import MANIFESTS, MEMBERS, Member
from farthing.embedded.tokens import InMemoryTokens
from farthing.kit.auth import Jwks, SigningKey, Verifier
from farthing.kit.clock import Clock
from farthing.kit.faults import Faults
from farthing.kit.journal import Journal
from farthing.kit.manifest import callers_of
from farthing.kit.rpc import InProcessTransport, Link, Request, Transport
from farthing.kit.service import Host, Running
from farthing.kit.switches import Switches
from farthing.kit.telemetry import Log, Metrics, Tracing
from farthing.kit.telemetry.tracing import exporter_of
from farthing.money import Ids

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Mapping

    from opentelemetry.sdk.trace.export import SpanExporter

    from farthing.kit.events import EventSource, EventTransport, Inbox
    from farthing.kit.manifest import Manifest
    from farthing.kit.settings import Settings

AUDIENCE = "farthing"  # of access tokens


class Platform:
    """All services over one database."""

    def __init__(self, settings: Settings, place: Place, *, ids: Ids | None = None, exporter: SpanExporter | None = None) -> None:
        self.settings, self._place = settings, place
        self.clock, self.faults, self.switches = Clock(), Faults(), Switches()
        self.journal, self.metrics = Journal(), Metrics()
        self.tracing = Tracing(settings.trace_ratio, exporter or exporter_of(settings.otlp_endpoint, settings.environment))
        self.ids = ids or Ids()
        self._tokens = InMemoryTokens(SigningKey("embedded", Ed25519PrivateKey.generate()))
        self._access = Verifier(Jwks(self._access_keys), AUDIENCE)
        self._events, self._gate = EmbeddedEvents(), Gate()
        self._in_process: list[InProcessTransport] = []
        self._versions = {manifest.name: manifest.version for manifest in MANIFESTS}
        self._sandbox = Sandbox(place.owner(), self._standing_still, self._changed) if settings.sandbox else None
        self._transports = {manifest.name: self._transport(manifest.name) for manifest in MANIFESTS}
        self.running = {member.manifest.name: self._run(member) for member in MEMBERS}
        self.site = PublicSite(self._routes(), self.running["console"].public, self._gate)

    async def start(self) -> None:
        """Prepare the database and begin to work. Raises Unavailable, or what PostgreSQL says."""
        await prepare(self._place.dsn, seed=self.settings.sandbox)
        if self.ids.seed is not None and (time := await count_start(self._place.dsn)) > 1:
            self.ids.begin_again(time)
        await self.running["console"].start()  # it knows what time it is
        await asyncio.gather(*(running.start() for name, running in self.running.items() if name != "console"))
        await self._seed()

    async def stop(self) -> None:
        """Finish what is running, then let go."""
        for transport in self._in_process:
            await transport.drain()
        await asyncio.gather(*(running.stop() for running in self.running.values()))
        if self._sandbox is not None:
            await self._sandbox.close()
        self.tracing.close()

    def link(self, caller: str, callee: str) -> Link:
        return Link(caller, callee, self._transports[callee], self._tokens.of(caller), self.tracing.of(caller, self._versions[caller]))

    def _transport(self, name: str) -> Transport:
        transport = InProcessTransport(_Later(self, name))
        self._in_process.append(transport)
        return transport

    def _run(self, member: Member) -> Running:
        host = self._host(member)
        running = Running(member.manifest, member.build(host), host, *self._events_of(host, member.manifest))
        if running.inbox is not None:
            self._events.add(running.inbox)
        return running

    def _events_of(self, _host: Host, _manifest: Manifest) -> tuple[EventTransport, Callable[[Inbox], EventSource] | None]:
        return self._events, None

    def _host(self, member: Member) -> Host:
        name = member.manifest.name
        return Host(
            settings=self.settings,
            database=self._place.open(
                name, 3 if member.manifest.emits or member.manifest.consumes else 2, self.tracing.of(name, member.manifest.version)
            ),
            clock=self.clock,
            ids=self.ids,
            faults=self.faults,
            switches=self.switches,
            journal=self.journal,
            metrics=self.metrics,
            tracing=self.tracing,
            log=Log(name, member.manifest.version),
            link=lambda callee: self.link(name, callee),
            apps=self._access,
            peers=Verifier(Jwks(self._tokens.jwks), name),
            callers=callers_of(name, MANIFESTS),
            version=member.manifest.version,
            sandbox=self._sandbox if name == "console" else None,
        )

    def _routes(self) -> dict[str, Any]:
        return {prefix: running.public for running in self.running.values() for prefix in running.manifest.public}

    async def _access_keys(self) -> Mapping[str, Any]:
        """The key set of access tokens, asked of identity as any service would."""
        transport = InProcessTransport(self.running["identity"].public)
        answer = await transport.send(Request("GET", "/v1/oauth2/certs", []), 5)
        return dict(orjson.loads(answer.body))

    async def _seed(self) -> None:
        if self.settings.sandbox:
            await asyncio.gather(*(running.service.seed() for running in self.running.values() if running.service.seed is not None))

    @asynccontextmanager
    async def _standing_still(self) -> AsyncIterator[None]:
        """No request but the present one, no job, nothing in flight between services."""
        async with self._gate.alone():
            workers = [running.worker for running in self.running.values()]
            await asyncio.gather(*(worker.pause() for worker in workers))
            try:
                yield
            finally:
                for worker in workers:
                    worker.resume()

    async def _changed(self) -> None:
        """The data is another now: drop what was cached from it, and the operator's doings with it."""
        self.clock.restart()
        self.faults.clear()
        self.switches.clear()
        self.journal.clear()
        for running in self.running.values():
            running.service.forget()
        for running in self.running.values():
            if running.service.changed is not None:
                await running.service.changed()
        await self._seed()


class _Later:
    """An application looked up at each call, since services are built in an order but call in any."""

    def __init__(self, platform: Platform, name: str) -> None:
        self._platform, self._name = platform, name

    def __call__(self, scope: Any, receive: Any, send: Any) -> Coroutine[Any, Any, None]:  # noqa: ANN401 - ASGI
        return self._platform.running[self._name].internal(scope, receive, send)
