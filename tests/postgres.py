"""Fixtures for tests that need a real PostgreSQL. The root conftest loads this plugin, so they are there for every test of the tree.

- `postgres_server` (session, one per xdist worker): a running server without fsync, thrown away at the end.
    `.socket_dir`: the folder of its Unix socket, for `asyncpg.connect(host=str(socket_dir), user=…, database=…)`
    `.dsn(database="farthing", user="postgres")`: the same as a URL, for `asyncpg.connect(dsn)` and `asyncpg.create_pool(dsn)`
    `.create_database(template="template1")` -> name: a new database, perhaps a copy of one that nobody is connected to
    `.drop_database(name)`: also when somebody is still connected
- `fresh_database` (function): the name of a new empty database on it, dropped afterwards.

All of it is usable from sync and async tests. Every role is trusted on the socket. Roles belong to the server, not to a database: a test
that makes roles must expect that another one has made them already.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import pytest

from farthing.embedded.postgres.ephemeral import ephemeral_data_dir
from farthing.embedded.postgres.server import EmbeddedPostgres
from farthing.embedded.postgres.settings import user_cache
from farthing.embedded.postgres.template import Template


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
def postgres_server() -> Iterator[PostgresServer]:
    empty = Template("empty", prepare=_nothing, cache=user_cache())
    with ephemeral_data_dir() as data_dir, EmbeddedPostgres(data_dir, fsync=False, template=empty) as server:
        yield PostgresServer(server)


def _nothing(socket_dir: Path) -> None:
    """What an empty database needs."""


@pytest.fixture
def fresh_database(postgres_server: PostgresServer) -> Iterator[str]:
    name = postgres_server.create_database()
    yield name
    postgres_server.drop_database(name)
