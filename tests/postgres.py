"""Fixtures for tests that need a real PostgreSQL (a plugin that the root conftest loads, so they are there for every test of the tree).

- `postgres_server` (session, one per xdist worker): a running server without fsync, thrown away at the end.
    `.socket_dir`                                         folder of its Unix socket: `asyncpg.connect(host=str(socket_dir), user=…, database=…)`
    `.dsn(database="farthing", user="postgres")`          the same as a URL, for `asyncpg.connect(dsn)` and `asyncpg.create_pool(dsn)`
    `.create_database(template="template1")` -> name      a new database, perhaps a copy of one that nobody is connected to
    `.drop_database(name)`                                also when somebody is still connected
- `fresh_database` (function): the name of a new empty database on it, dropped afterwards.

All of it is usable from sync and async tests. Every role is trusted on the socket; roles are shared by all databases of a server, so tests that make
roles give them names of their own or make them with IF NOT EXISTS semantics.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import pytest

from farthing.embedded.postgres.server import EmbeddedPostgres


class PostgresServer:
    """The running server of this test session."""

    def __init__(self, server: EmbeddedPostgres) -> None:
        self._server = server
        self._numbers = itertools.count(1)

    @property
    def socket_dir(self) -> Path:
        return self._server.socket_dir

    def dsn(self, database: str = "farthing", user: str = "postgres") -> str:
        return self._server.dsn(database, user)

    def create_database(self, template: str = "template1") -> str:
        name = f"test_{next(self._numbers)}"
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
        return name

    def drop_database(self, name: str) -> None:
        self._execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _execute(self, statement: str) -> None:
        """In a thread, because the caller may have a running event loop."""
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, self._run(statement)).result()

    async def _run(self, statement: str) -> None:
        connection = await asyncpg.connect(self.dsn())
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    with EmbeddedPostgres(tmp_path_factory.mktemp("postgres"), fsync=False) as server:
        yield PostgresServer(server)


@pytest.fixture
def fresh_database(postgres_server: PostgresServer) -> Iterator[str]:
    name = postgres_server.create_database()
    yield name
    postgres_server.drop_database(name)
