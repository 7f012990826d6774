"""The whole platform in the test's own process, on the real PostgreSQL (a plugin that the root conftest loads).

- `platform` (function, async): a started `TestPlatform` on a fresh database with the seed; each test has its own.
    `.http`                        httpx2.AsyncClient on the public side (in process, no socket)
    `await .token(client_id=…)`    access token of the store's app (cached), `.as_app(client_id=…)` headers with it
    `.client(LedgerClient)`        a typed internal client, as the console would hold it
    `.clock`, `.faults`, `.switches`, `.running["orders"]`
    `await .settle()`              every event delivered and handled, every job due now done
    `await .serve()` -> url        the same on a real port of 127.0.0.1, for SDKs and browsers
- `served` (function, async): `platform`, already serving; `served.url`.

Journeys run in every mode with `@pytest.mark.parametrize("platform", MODES, indirect=True)`: `embedded` (services call each other in
process), `twice` (and every keyed write between services is executed twice), `http` (they call each other over HTTP, as apart) and
`broker` (events travel through NATS JetStream, as apart). What is about events alone runs in the two EVENT_MODES.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

import asyncpg
import httpx2
import pytest

from farthing.embedded.database import Place, prepare
from farthing.embedded.platform import Platform
from farthing.kit.events import EventSource, EventTransport, Inbox
from farthing.kit.manifest import Manifest
from farthing.kit.rpc import Answer, Request, ServiceClient, Transport
from farthing.kit.service import Host
from farthing.kit.settings import Settings
from farthing.standalone.broker.connection import Broker
from farthing.standalone.broker.consuming import Consumer
from farthing.standalone.broker.dead_letters import DeadLetters
from farthing.standalone.broker.publishing import StreamOfEvents
from farthing.standalone.http_transport import Connections, HttpTransport
from farthing.standalone.settings import BrokerSettings
from tests.listening import listening
from tests.postgres import PostgresServer

C = TypeVar("C", bound=ServiceClient)
_BROKER = pytest.param("broker", marks=pytest.mark.needs_nats)
MODES = ("embedded", "twice", "http", _BROKER)
EVENT_MODES = ("embedded", _BROKER)
STORE = ("sandbox-client-id", "sandbox-client-secret")
OTHER = ("other-client-id", "other-client-secret")
_SECRETS = dict([STORE, OTHER])


class TestPlatform(Platform):
    """A platform with the tools of a test."""

    __test__ = False

    def __init__(self, settings: Settings, place: Place, mode: str = "embedded", broker: str = "", **more: Any) -> None:
        self._mode, self._stack = mode, contextlib.AsyncExitStack()
        self._broker_url, self._brokers = broker, list[Broker]()
        self.urls: dict[str, str] = {}
        super().__init__(settings, place, **more)
        self.http = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=self.site), base_url="http://127.0.0.1", timeout=30)
        self.url = ""
        self._known: dict[str, str] = {}

    def _transport(self, name: str) -> Transport:
        if self._mode == "http":
            return Networked(self, name)
        inside = super()._transport(name)
        return Twice(inside) if self._mode == "twice" else inside

    def _events_of(self, host: Host, manifest: Manifest) -> tuple[EventTransport, Callable[[Inbox], EventSource] | None]:
        if not self._broker_url:
            return super()._events_of(host, manifest)
        broker = Broker(BrokerSettings(self._broker_url), manifest.name, host.log)
        self._brokers.append(broker)

        def source(inbox: Inbox) -> EventSource:
            return Consumer(manifest, broker, host.database, inbox, DeadLetters(manifest.name, host.metrics, host.log), host.log)

        return StreamOfEvents(broker), source

    async def start(self) -> None:
        for broker in self._brokers:
            broker.open()
            await broker.came_back.wait()
        if self._mode == "http":
            self.connections = await self._stack.enter_async_context(contextlib.aclosing(Connections()))
            for name, running in self.running.items():
                self.urls[name] = await self._stack.enter_async_context(listening(running.internal))
        await super().start()

    async def token(self, client_id: str = STORE[0]) -> str:
        if client_id not in self._known:
            basic = base64.b64encode(f"{client_id}:{_SECRETS[client_id]}".encode()).decode()
            answer = await self.http.post(
                "/v1/oauth2/token", data={"grant_type": "client_credentials"}, headers={"authorization": f"Basic {basic}"}
            )
            assert answer.status_code == 200, answer.text
            self._known[client_id] = answer.json()["access_token"]
        return self._known[client_id]

    async def as_app(self, client_id: str = STORE[0], **headers: str) -> dict[str, str]:
        """Headers of an authenticated request; keyword names become header names with hyphens."""
        return {
            "authorization": f"Bearer {await self.token(client_id)}",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }

    def client(self, kind: type[C], caller: str = "console") -> C:
        return kind(self.link(caller, kind.__module__.split(".")[2]))

    async def settle(self) -> None:
        while sum([await running.worker.drain() for running in self.running.values()]):
            pass

    async def serve(self) -> str:
        self.url = await self._stack.enter_async_context(listening(self.site))
        return self.url

    async def close(self) -> None:
        await self.http.aclose()
        await self._stack.aclose()
        await self.stop()
        for broker in self._brokers:
            await broker.close()


class Twice:
    """Executes every keyed write twice: a callee that is not idempotent shows itself."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner

    async def send(self, request: Request, timeout: float) -> Answer:
        if request.method != "GET" and any(name == b"idempotency-key" for name, _ in request.headers):
            await self._inner.send(request, timeout)
        return await self._inner.send(request, timeout)


class Networked:
    """Calls a service over HTTP; its address is known once it listens."""

    def __init__(self, platform: TestPlatform, name: str) -> None:
        self._platform, self._name = platform, name

    async def send(self, request: Request, timeout: float) -> Answer:
        return await HttpTransport(self._platform.connections, self._platform.urls[self._name]).send(request, timeout)


@pytest.fixture(scope="session")
def prepared_database(postgres_server: PostgresServer) -> str:
    """A database with everything migrated and seeded, to be copied for each test."""
    name = postgres_server.create_database()
    asyncio.run(prepare(postgres_server.dsn(name), seed=True))
    return name


def place_of(server: PostgresServer, database: str) -> Place:
    return Place(server.dsn(database), lambda role: server.dsn(database, role))


@pytest.fixture
async def platform(request: pytest.FixtureRequest, postgres_server: PostgresServer, prepared_database: str) -> AsyncIterator[TestPlatform]:
    database = postgres_server.create_database(prepared_database)
    mode = getattr(request, "param", "embedded")
    broker = request.getfixturevalue("nats_server").url if mode == "broker" else ""
    started = TestPlatform(Settings(), place_of(postgres_server, database), mode, broker)
    await started.start()
    yield started
    await started.close()
    postgres_server.drop_database(database)


@pytest.fixture
async def served(platform: TestPlatform) -> TestPlatform:
    await platform.serve()
    return platform


async def owner_connection(platform: TestPlatform) -> asyncpg.Connection[asyncpg.Record]:
    """A superuser's connection to the platform's database, for tests that tamper."""
    return await asyncpg.connect(platform._place.dsn)
