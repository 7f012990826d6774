"""A service alone, for its own tests: real PostgreSQL, its own edges, service tokens in memory. The root conftest loads this plugin.

`orders = await single("orders", "accounts")` in a test that takes the fixture `single: StartSingle` runs the first service; the others are
what it calls, running for real beside it. What is not started cannot be reached. Then:

- `orders.http`: httpx2 client of the public side; `orders.internal`: of the internal side, with a service token (paths: /internal/v1/…)
- `orders.bearer("client-id", "STORE…", "payments/payment")`: headers of an access token; short names of scopes, none means none
- `orders.client(OrdersClient)`: the typed client over the internal side; it is admitted whatever the manifests say
- `orders.beside["accounts"]`: the same for the others
- `orders.clock`, `.faults`, `.switches`, `.database`, `.host`, `.service`, `.running`
- `orders.events`: what its relay has delivered (a list of Event), after `await orders.running.worker.drain()`
- `orders.app_keys`: further sources of public keys for access tokens, async functions that answer a key set

Options: `settings=Settings(mode="live")`; `seeded` runs seed.sql and Service.seed (default: in sandbox mode); `working=True` starts its
worker; `database=orders.place` takes the database of an earlier one, for a second replica or the same service after a restart. Otherwise
each call makes its own. Everything is stopped and dropped after the test. Services use roles without DDL, as everywhere.
"""

from __future__ import annotations

import importlib
import io
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import asyncpg
import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from farthing.kit.auth import InMemoryTokens, Jwks, SigningKey, Verifier
from farthing.kit.clock import Clock
from farthing.kit.db import Database
from farthing.kit.edge import SCOPE_PREFIX
from farthing.kit.events import Event
from farthing.kit.faults import Faults
from farthing.kit.journal import Journal
from farthing.kit.migrations import migrate, seed_of
from farthing.kit.rpc import Answer, InProcessTransport, Link, NotSent, Request, ServiceClient, Transport
from farthing.kit.service import Host, Running, Service
from farthing.kit.settings import Settings
from farthing.kit.switches import Switches
from farthing.kit.telemetry import Log, Metrics, Tracing
from farthing.money import Ids
from tests.postgres import PostgresServer

C = TypeVar("C", bound=ServiceClient)
TESTER = "tester"  # the caller that every internal side admits here


@dataclass(slots=True)
class Single:
    """One running service and the doors to it."""

    name: str
    place: str
    host: Host
    service: Service
    running: Running
    http: httpx2.AsyncClient
    internal: httpx2.AsyncClient
    events: list[Event]
    link: Link
    app_key: SigningKey
    app_keys: list[Callable[[], Awaitable[Mapping[str, Any]]]]
    beside: dict[str, Single] = field(default_factory=dict)

    @property
    def clock(self) -> Clock:
        return self.host.clock

    @property
    def faults(self) -> Faults:
        return self.host.faults

    @property
    def switches(self) -> Switches:
        return self.host.switches

    @property
    def database(self) -> Database:
        return self.host.database

    def client(self, kind: type[C]) -> C:
        return kind(self.link)

    def bearer(self, client_id: str, account_id: str, *scopes: str) -> dict[str, str]:
        """The header of an access token for this app, as identity would issue it."""
        now = int(time.time())
        full = " ".join(SCOPE_PREFIX + scope for scope in scopes)
        claims = {"sub": client_id, "account": account_id, "scope": full, "aud": "farthing", "iat": now, "exp": now + 32_400}
        return {"authorization": f"Bearer {self.app_key.sign(claims)}"}


class StartSingle(Protocol):
    """Start a service, and beside it those that it calls."""

    async def __call__(
        self,
        name: str,
        *others: str,
        settings: Settings | None = None,
        seeded: bool | None = None,
        working: bool = False,
        database: str | None = None,
    ) -> Single: ...


@pytest.fixture
async def single(postgres_server: PostgresServer) -> AsyncIterator[StartSingle]:
    """See the module's docstring."""
    started: list[Single] = []
    databases: list[str] = []

    async def start(
        name: str,
        *others: str,
        settings: Settings | None = None,
        seeded: bool | None = None,
        working: bool = False,
        database: str | None = None,
    ) -> Single:
        settings = settings or Settings()
        fresh = database is None
        if database is None:
            databases.append(database := postgres_server.create_database())
        seeded = fresh and (settings.sandbox if seeded is None else seeded)
        shop = _Workshop(postgres_server.dsn(database), database, settings, seeded)
        beside = {other: await shop.make(other, working=working) for other in others}
        started.extend(beside.values())
        made = await shop.make(name, working=working)
        made.beside.update(beside)
        started.append(made)
        return made

    yield start
    for made in reversed(started):
        await made.http.aclose()
        await made.internal.aclose()
        await made.running.stop()
    for database in databases:
        postgres_server.drop_database(database)


class _Nobody:
    """Where a link leads whose service was not started."""

    async def send(self, request: Request, timeout: float) -> Answer:
        raise NotSent


class _Recorder:
    def __init__(self) -> None:
        self.events: list[Event] = []

    async def publish(self, events: Sequence[Event]) -> None:
        self.events.extend(events)


class _Workshop:
    """Makes the services of one test in one database; they share clock, faults and switches, as in one process."""

    def __init__(self, dsn: str, database: str, settings: Settings, seeded: bool) -> None:
        self._dsn, self._database, self._settings, self._seeded = dsn, database, settings, seeded
        self._clock, self._faults, self._switches, self._ids = Clock(), Faults(), Switches(), Ids()
        self._app_key = SigningKey("tests", Ed25519PrivateKey.generate())
        self._tokens = InMemoryTokens(SigningKey("peers", Ed25519PrivateKey.generate()))
        self._made: dict[str, Single] = {}

    async def make(self, name: str, *, working: bool) -> Single:
        module = importlib.import_module(f"farthing.{name}.service")
        role = await self._prepare(name)
        app_keys: list[Callable[[], Awaitable[Mapping[str, Any]]]] = [self._own_keys]
        host = self._host(name, role, app_keys)
        service, recorder = module.build(host), _Recorder()
        running = Running(module.MANIFEST, service, host, recorder)
        await host.database.open()
        if self._seeded and service.seed is not None:
            await service.seed()
        if service.start is not None:
            await service.start()
        if working:
            running.worker.start()
        link = Link(TESTER, name, InProcessTransport(running.internal), self._tokens.of(TESTER))
        token = {"authorization": f"Bearer {self._tokens.issue(TESTER, name)}", "idempotency-key": "test"}
        http, internal = _asgi(running.public, {}), _asgi(running.internal, token)
        made = Single(name, self._database, host, service, running, http, internal, recorder.events, link, self._app_key, app_keys)
        self._made[name] = made
        return made

    async def _own_keys(self) -> Mapping[str, Any]:
        return {"keys": [self._app_key.public_jwk()]}

    async def _prepare(self, name: str) -> str:
        """Migrate and seed as the owner, and answer the role that the service uses."""
        role = f"single_{name}"
        owner = await asyncpg.connect(self._dsn)
        try:
            if not await owner.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
                await owner.execute(f"CREATE ROLE {role}")
            await migrate(owner, name, role=role)
            if self._seeded:
                await owner.execute(f"SET search_path = {name};\n{seed_of(name)}")
        finally:
            await owner.close()
        return role

    def _host(self, name: str, role: str, app_keys: list[Callable[[], Awaitable[Mapping[str, Any]]]]) -> Host:
        async def trusted() -> Mapping[str, Any]:
            return {"keys": [key for source in app_keys for key in (await source())["keys"]]}

        def link(callee: str) -> Link:
            found = self._made.get(callee)
            transport: Transport = InProcessTransport(found.running.internal) if found else _Nobody()
            return Link(name, callee, transport, self._tokens.of(TESTER))

        return Host(
            settings=self._settings,
            database=Database(self._dsn, name, role),
            clock=self._clock,
            ids=self._ids,
            faults=self._faults,
            switches=self._switches,
            journal=Journal(),
            metrics=Metrics(),
            tracing=Tracing(),
            log=Log(name, "0.1.0", io.BytesIO()),
            link=link,
            apps=Verifier(Jwks(trusted), "farthing"),
            peers=Verifier(Jwks(self._tokens.jwks), name),
            callers=frozenset({TESTER}),
        )


def _asgi(app: Any, headers: Mapping[str, str]) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://farthing.test", headers=headers)
