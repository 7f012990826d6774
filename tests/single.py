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

from farthing.embedded.tokens import InMemoryTokens
from farthing.kit.auth import Jwks, SigningKey, Verifier
from farthing.kit.clock import Clock
from farthing.kit.db import Database
from farthing.kit.edge import SCOPE_PREFIX
from farthing.kit.events import Event
from farthing.kit.faults import Faults
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


@pytest.fixture(scope="session")
def prepared_databases() -> dict[tuple[tuple[str, ...], bool], str]:
    """Databases with the tables (and the seed) of some services, to be copied."""
    return {}


@pytest.fixture
async def single(
    postgres_server: PostgresServer, prepared_databases: dict[tuple[tuple[str, ...], bool], str]
) -> AsyncIterator[StartSingle]:
    """See the module's docstring."""
    made: list[Single] = []
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
        seeded = settings.sandbox if seeded is None else seeded
        if database is None:
            template = prepared_databases.get(((name, *others), seeded))
            if template is None:
                template = prepared_databases[(name, *others), seeded] = postgres_server.create_database()
                await _prepare(postgres_server.dsn(template), (name, *others), seeded)
            databases.append(database := postgres_server.create_database(template))
        shop = _Workshop(postgres_server.dsn(database), database, settings, seeded, made)
        beside = {other: await shop.make(other, working=working) for other in others}
        service = await shop.make(name, working=working)
        service.beside.update(beside)
        return service

    yield start
    for service in reversed(made):
        await service.http.aclose()
        await service.internal.aclose()
        await service.running.stop()
    for database in databases:
        postgres_server.drop_database(database)


def _role(service: str) -> str:
    return f"single_{service}"


async def _prepare(dsn: str, services: tuple[str, ...], seeded: bool) -> None:
    """Migrate and seed as the owner, for roles without DDL."""
    owner = await asyncpg.connect(dsn)
    try:
        for name in services:
            if not await owner.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", _role(name)):
                await owner.execute(f"CREATE ROLE {_role(name)}")
            await migrate(owner, name, role=_role(name))
            if seeded:
                await owner.execute(f"SET search_path = {name};\n{seed_of(name)}")
    finally:
        await owner.close()


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

    def __init__(self, dsn: str, database: str, settings: Settings, seeded: bool, made: list[Single]) -> None:
        self._dsn, self._database, self._settings, self._seeded, self._all = dsn, database, settings, seeded, made
        self._clock, self._faults, self._switches, self._ids = Clock(), Faults(), Switches(), Ids()
        self._app_key = SigningKey("tests", Ed25519PrivateKey.generate())
        self._tokens = InMemoryTokens(SigningKey("peers", Ed25519PrivateKey.generate()))
        self._made: dict[str, Single] = {}

    async def make(self, name: str, *, working: bool) -> Single:
        module = importlib.import_module(f"farthing.{name}.service")
        app_keys: list[Callable[[], Awaitable[Mapping[str, Any]]]] = [self._own_keys]
        host = self._host(name, app_keys)
        service, recorder = module.build(host), _Recorder()
        running = Running(module.MANIFEST, service, host, recorder)
        link = Link(TESTER, name, InProcessTransport(running.internal), self._tokens.of(TESTER))
        token = {"authorization": f"Bearer {self._tokens.issue(TESTER, name)}", "idempotency-key": "test"}
        http, internal = _asgi(running.public, {}), _asgi(running.internal, token)
        made = Single(name, self._database, host, service, running, http, internal, recorder.events, link, self._app_key, app_keys)
        self._made[name] = made
        self._all.append(made)  # before anything can fail, so that it is stopped in any case
        await self._start(made, working=working)
        return made

    async def _start(self, made: Single, *, working: bool) -> None:
        await made.database.open()
        if self._seeded and made.service.seed is not None:
            await made.service.seed()
        if made.service.start is not None:
            await made.service.start()
        if working:
            made.running.worker.start()

    async def _own_keys(self) -> Mapping[str, Any]:
        return {"keys": [self._app_key.public_jwk()]}

    def _host(self, name: str, app_keys: list[Callable[[], Awaitable[Mapping[str, Any]]]]) -> Host:
        async def trusted() -> Mapping[str, Any]:
            return {"keys": [key for source in app_keys for key in (await source())["keys"]]}

        def link(callee: str) -> Link:
            found = self._made.get(callee)
            transport: Transport = InProcessTransport(found.running.internal) if found else _Nobody()
            return Link(name, callee, transport, self._tokens.of(TESTER))

        return Host(
            settings=self._settings,
            database=Database(self._dsn, name, _role(name)),
            clock=self._clock,
            ids=self._ids,
            faults=self._faults,
            switches=self._switches,
            journal=None,
            metrics=Metrics(),
            tracing=Tracing(),
            log=Log(name, "0.1.0", io.BytesIO()),
            link=link,
            apps=Verifier(Jwks(trusted), "farthing"),
            peers=Verifier(Jwks(self._tokens.jwks), name),
            callers=frozenset({TESTER}),
            version="0.1.0",
        )


def _asgi(app: Any, headers: Mapping[str, str]) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://farthing.test", headers=headers)
