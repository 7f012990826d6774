"""What a service is made of, what it gets from the process around it, and the two together, running."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from farthing.kit.api import Api, describe
from farthing.kit.call import NO_CONTENT, Call, Response, json_response
from farthing.kit.clock import real_now
from farthing.kit.edge import Edge
from farthing.kit.errors import Unavailable
from farthing.kit.events import Event, Inbox, Relay
from farthing.kit.model import Model
from farthing.kit.work import Job, Worker

if TYPE_CHECKING:
    from farthing.kit.auth import Verifier
    from farthing.kit.board import Board
    from farthing.kit.clock import Clock
    from farthing.kit.db import Database
    from farthing.kit.events import EventSource, EventTransport
    from farthing.kit.faults import Faults
    from farthing.kit.journal import Journal
    from farthing.kit.manifest import Manifest
    from farthing.kit.rpc import Link
    from farthing.kit.sandbox import SandboxState
    from farthing.kit.settings import Settings
    from farthing.kit.switches import Switches
    from farthing.kit.telemetry import Log, Metrics, Tracing
    from farthing.money import Ids


@dataclass(slots=True)
class Host:
    """Everything a service gets from the process that runs it: one of these for each service."""

    settings: Settings
    database: Database
    clock: Clock
    ids: Ids
    faults: Faults
    switches: Switches
    journal: Journal | None  # None: nobody could read it here
    metrics: Metrics
    tracing: Tracing
    log: Log
    link: Callable[[str], Link]
    apps: Verifier
    peers: Verifier
    callers: frozenset[str]
    version: str
    sandbox: SandboxState | None = None
    board: Board | None = None


@dataclass(slots=True)
class Service:
    """What `build(host)` of a service answers.

    `handlers`: by event type. `seed`: sandbox data that SQL alone cannot make, run after seed.sql. `forget`: drop what is cached from
    the database (after reset and restore); `changed`: then load from it what must be at hand. `start` and `stop` for the rare service
    that holds something open.
    """

    api: Api
    jobs: tuple[Job, ...] = ()
    handlers: Mapping[str, Callable[[Event], Awaitable[None]]] = field(default_factory=dict)
    seed: Callable[[], Awaitable[None]] | None = None
    forget: Callable[[], None] = lambda: None
    changed: Callable[[], Awaitable[None]] | None = None
    start: Callable[[], Awaitable[None]] | None = None
    stop: Callable[[], Awaitable[None]] | None = None


class Work(Model):
    """What a service still has to do: the earliest due moment of its jobs, and events not yet delivered or handled."""

    next_due: datetime | None = None
    done: int = 0


Build = Callable[[Host], Service]


class Running:
    """One service in this process: its two sides as ASGI applications, and its worker."""

    def __init__(
        self,
        manifest: Manifest,
        service: Service,
        host: Host,
        transport: EventTransport | None,
        source: Callable[[Inbox], EventSource] | None = None,
    ) -> None:
        self.manifest, self.service, self.host = manifest, service, host
        self.not_ready: Callable[[], str] = lambda: ""  # why this process should get no requests, besides its database
        self.inbox = Inbox(manifest, host.database, service.handlers, host.log, host.tracing, host.metrics) if manifest.consumes else None
        spans = host.tracing.of(manifest.name, manifest.version)
        relay = Relay(manifest, host.database, transport, spans) if manifest.emits and transport is not None else None
        found = source(self.inbox) if source is not None and self.inbox is not None else None
        self.worker = Worker(manifest.name, host.clock, service.jobs, relay, self.inbox, host.log, host.metrics, found)
        if relay is not None:
            host.database.on_emit = relay.woken.set
            host.metrics.watch_outbox(manifest.name, lambda: (real_now() - relay.oldest).total_seconds() if relay.oldest else 0.0)
        host.metrics.watch_pool(manifest.name, lambda: host.database.idle, lambda: host.database.used)
        host.metrics.calls(manifest.name, manifest.calls)
        self._add_own_routes()
        if self.inbox is not None:
            self._add_dead_letters(self.inbox)
        self.public = Edge(manifest, service.api, host, host.apps)
        self.internal = Edge(manifest, service.api, host, host.peers, host.callers)

    async def start(self) -> None:
        """Connect and begin due work. Raises Unavailable when the database cannot be reached."""
        await self.host.database.open()
        if self.service.start is not None:
            await self.service.start()
        self.worker.start()

    async def stop(self) -> None:
        await self.worker.stop()
        if self.service.stop is not None:
            await self.service.stop()
        await self.host.database.close()

    async def healthy(self) -> bool:
        """Whether this service can serve: its database answers."""
        row = await self.host.database.row("SELECT 1 AS one")
        return row is not None

    async def _follow(self, call: Call) -> None:
        """First see what the operator has done, if the caller says how far (`seen`, a number of the board's)."""
        number = call.query("seen") or ""
        if self.host.board is not None and number.isdigit():
            await self.host.board.seen(int(number))

    def _add_own_routes(self) -> None:
        """What every service answers to the console: health, due work, metrics; and its own documentation."""
        api = self.service.api

        @api.probe("/livez", "live")
        async def live(_call: Call) -> Response:
            return json_response({"status": "up"})

        @api.probe("/readyz", "ready")
        async def ready(_call: Call) -> Response:
            if reason := self.not_ready():
                raise Unavailable(description=reason)
            await self.healthy()
            return json_response({"status": "up"})

        @api.probe("/metrics", "metrics")
        async def metrics(_call: Call) -> Response:
            return Response(200, self.host.metrics.exposition(), [(b"content-type", b"text/plain; version=0.0.4; charset=utf-8")])

        @api.internal("GET", "/health", "health")
        async def health(_call: Call) -> Response:
            await self.healthy()
            names = [endpoint.operation for endpoint in api.public_endpoints]
            return json_response({"status": "up", "version": self.manifest.version, "operations": names})

        @api.internal("GET", "/operations/{operation}/issues", "issues")
        async def issues(_call: Call, operation: str) -> Response:
            return json_response(api.catalogue.get(operation, {}))

        @api.internal("GET", "/work", "work.get")
        async def work(call: Call) -> Response:
            await self._follow(call)
            return json_response(Work(next_due=await self.worker.next_due()))

        @api.internal("POST", "/work/drain", "work.drain")
        async def drain(call: Call) -> Response:
            await self._follow(call)
            done = await self.worker.drain()
            return json_response(Work(next_due=await self.worker.next_due(), done=done))

        @api.internal("GET", "/openapi.json", "openapi")
        async def openapi(_call: Call) -> Response:
            return json_response(describe(api.title, [*api.public_endpoints, *api.internal_endpoints]).openapi())

    def _add_dead_letters(self, inbox: Inbox) -> None:
        @self.service.api.internal("GET", "/dead-letters", "dead_letters.list")
        async def listed(_call: Call) -> Response:
            return json_response({"dead_letters": await inbox.dead_letters()})

        @self.service.api.internal("POST", "/dead-letters/{number}/{how}", "dead_letters.settle")
        async def settle(_call: Call, number: str, how: str) -> Response:
            await inbox.settle(number, how)
            return NO_CONTENT
