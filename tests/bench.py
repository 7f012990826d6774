"""A database of one invented service, and a service that does next to nothing, for tests of the mechanisms."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from farthing.embedded.tokens import InMemoryTokens
from farthing.kit.api import Api
from farthing.kit.auth import Jwks, SigningKey, Verifier
from farthing.kit.clock import Clock
from farthing.kit.db import Database
from farthing.kit.faults import Faults
from farthing.kit.journal import Journal
from farthing.kit.manifest import Manifest
from farthing.kit.migrations import migrations_of
from farthing.kit.service import Host
from farthing.kit.settings import Settings
from farthing.kit.switches import Switches
from farthing.kit.telemetry import Log, Metrics, Tracing
from farthing.money import Ids
from tests.postgres import PostgresServer

STANDARD = "\n".join(migration.sql for migration in migrations_of("kit") if migration.name.startswith("standard/"))
TABLES = "CREATE TABLE counters (id text PRIMARY KEY, n bigint NOT NULL CHECK (n < 1000)); "


@pytest.fixture
async def database(postgres_server: PostgresServer, fresh_database: str) -> AsyncIterator[Database]:
    """A pool in the schema `shop`, with the standard tables and one of counters."""
    owner = await asyncpg.connect(postgres_server.dsn(fresh_database))
    await owner.execute(f"CREATE SCHEMA shop; SET search_path = shop; {STANDARD} {TABLES}")
    await owner.close()
    made = Database(postgres_server.dsn(fresh_database), "shop")
    await made.open()
    yield made
    await made.close()


class Bench:
    """A host whose parts a test can reach."""

    def __init__(self, database: Database, settings: Settings | None = None, journal: Journal | None = None) -> None:
        self.tokens = InMemoryTokens(SigningKey("bench", Ed25519PrivateKey.generate()))
        self.clock, self.faults, self.journal, self.metrics = Clock(), Faults(), journal or Journal(), Metrics()
        self.host = Host(
            settings=settings or Settings(),
            database=database,
            clock=self.clock,
            ids=Ids(1),
            faults=self.faults,
            switches=Switches(),
            journal=self.journal,
            metrics=self.metrics,
            tracing=Tracing(),
            log=Log("shop", "1.0"),
            link=lambda callee: pytest.fail(f"no link to {callee}"),
            apps=Verifier(Jwks(self.tokens.jwks), "farthing"),
            peers=Verifier(Jwks(self.tokens.jwks), "shop"),
            callers=frozenset({"till"}),
            version="1.0",
        )


@pytest.fixture
def bench(database: Database) -> Bench:
    return Bench(database)


SHOP = Manifest("shop", "Sells nothing.", public=("/v1/shop",))


def client_of(app: Any, token: str = "") -> httpx2.AsyncClient:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://shop.test", headers=headers)


def empty_api() -> Api:
    return Api("shop", {"shop.get": {"SOLD_OUT": {"status": 422, "name": "UNPROCESSABLE_ENTITY"}}})
