"""The whole platform in the test's own process, on the real PostgreSQL (a plugin that the root conftest loads).

- `platform` (function, async): a started `TestPlatform` on a fresh database with the seed; each test has its own.
    `.http`                        httpx2.AsyncClient on the public side (in process, no socket)
    `await .token(client_id=…)`    access token of the store's app (cached), `.as_app(client_id=…)` headers with it
    `.client(LedgerClient)`        a typed internal client, as the console would hold it
    `.clock`, `.faults`, `.switches`, `.running["orders"]`
    `await .settle()`              every event delivered and handled, every job due now done
    `await .serve()` -> url        the same on a real port of 127.0.0.1, for SDKs and browsers
- `served` (function, async): `platform`, already serving; `served.url`.
"""

from __future__ import annotations

import asyncio
import base64
import socket
from collections.abc import AsyncIterator
from typing import Any, TypeVar

import asyncpg
import httpx2
import pytest

from farthing.embedded.database import Place, prepare
from farthing.embedded.platform import Platform
from farthing.embedded.server import Server
from farthing.kit.rpc import ServiceClient
from farthing.kit.settings import Settings
from tests.postgres import PostgresServer

C = TypeVar("C", bound=ServiceClient)
STORE = ("sandbox-client-id", "sandbox-client-secret")
OTHER = ("other-client-id", "other-client-secret")
_SECRETS = dict([STORE, OTHER])


class TestPlatform(Platform):
    """A platform with the tools of a test."""

    __test__ = False

    def __init__(self, settings: Settings, place: Place, **more: Any) -> None:
        super().__init__(settings, place, **more)
        self.http = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=self.site), base_url="http://farthing.test", timeout=30)
        self.url = ""
        self._known: dict[str, str] = {}
        self._server: Server | None = None
        self._serving: asyncio.Task[None] | None = None

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
        listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self._server = Server(self.site, "127.0.0.1", 0)
        self._serving = asyncio.create_task(self._server._serve([listener]))
        while not self._server.started:  # noqa: ASYNC110 - uvicorn offers nothing to wait on
            await asyncio.sleep(0.01)
        return self.url

    async def close(self) -> None:
        await self.http.aclose()
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await self._serving
        await self.stop()


@pytest.fixture(scope="session")
def prepared_database(postgres_server: PostgresServer) -> str:
    """A database with everything migrated and seeded, to be copied for each test."""
    name = postgres_server.create_database()
    asyncio.run(prepare(postgres_server.dsn(name), seed=True))
    return name


def place_of(server: PostgresServer, database: str) -> Place:
    return Place(server.dsn(database), lambda role: server.dsn(database, role))


@pytest.fixture
async def platform(postgres_server: PostgresServer, prepared_database: str) -> AsyncIterator[TestPlatform]:
    database = postgres_server.create_database(prepared_database)
    started = TestPlatform(Settings(), place_of(postgres_server, database))
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
