"""Reset and snapshots of the whole platform, while it runs."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from farthing.embedded.contents import NAMES
from farthing.embedded.database import seed_script
from farthing.kit.clock import real_now
from farthing.kit.sandbox import Snapshot, SnapshotNotFound

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

    from farthing.kit.db import Connection, Database, Record

# Tables that reset and restore leave alone: signing keys and such ('farthing:keep'), and what says which migrations ran.
_TABLES = """
SELECT n.nspname AS schema, c.relname AS name,
       (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname = ANY($1) AND c.relname <> 'migrations'
  AND coalesce(obj_description(c.oid, 'pg_class'), '') NOT LIKE '%farthing:keep%'
ORDER BY 1, 2
"""
_SNAPSHOTS = """
CREATE SCHEMA IF NOT EXISTS snapshots;
CREATE TABLE IF NOT EXISTS snapshots.list (name text PRIMARY KEY, taken timestamptz NOT NULL, rows bigint NOT NULL);
"""
_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")


class BadSnapshotName(ValueError):
    """A snapshot's name is 1 to 40 letters, digits, hyphens and underscores."""


class Sandbox:
    """Acts as the owner of the database. `quiet` makes the platform stand still; `changed` tells it that its data is another now.

    Its connection stays for a while: whoever resets once, resets before each test, and a new session knows no table yet.
    """

    def __init__(
        self, database: Database, quiet: Callable[[], AbstractAsyncContextManager[None]], changed: Callable[[], Awaitable[None]]
    ) -> None:
        self._database, self._quiet, self._changed = database, quiet, changed
        self._emptied: str | None = None  # the script of DELETEs: no table comes or goes while a process runs
        self._seed = seed_script()

    async def close(self) -> None:
        await self._database.close()

    async def reset(self) -> None:
        """Back to the seed: one script of DELETEs, which is far quicker than TRUNCATE, and the seed."""
        async with self._quiet():
            async with self._owner() as connection:
                if self._emptied is None:
                    tables = await connection.fetch(_TABLES, list(NAMES))
                    self._emptied = "\n".join(f"DELETE FROM {table['schema']}.{table['name']};" for table in tables)
                await connection.execute(f"{self._emptied}\n{self._seed}")
            await self._changed()

    async def snapshots(self) -> list[Snapshot]:
        async with self._shelf() as connection:
            rows = await connection.fetch("SELECT name, taken, rows FROM snapshots.list ORDER BY taken")
            return [Snapshot(row["name"], row["taken"], row["rows"]) for row in rows]

    async def take(self, name: str) -> Snapshot:
        """Copy every table aside; a snapshot of the same name is replaced. Raises BadSnapshotName."""
        _checked(name)
        async with self._quiet(), self._shelf() as connection:
            await self._forget(connection, name)
            total = 0
            for table in await connection.fetch(_TABLES, list(NAMES)):
                source = f"{table['schema']}.{table['name']}"
                done = await connection.execute(f"CREATE TABLE {_aside(name, table)} AS SELECT {table['columns']} FROM {source}")
                total += int(done.split()[-1])
            taken = real_now()
            await connection.execute("INSERT INTO snapshots.list (name, taken, rows) VALUES ($1, $2, $3)", name, taken, total)
            return Snapshot(name, taken, total)

    async def restore(self, name: str) -> None:
        """Put every table back as it was. Raises SnapshotNotFound, BadSnapshotName."""
        _checked(name)
        async with self._quiet():
            async with self._shelf() as connection:
                await self._known(connection, name)
                tables = await connection.fetch(_TABLES, list(NAMES))
                await connection.execute("\n".join(_replacement(name, table) for table in tables))
            await self._changed()

    async def drop(self, name: str) -> None:
        """Raises SnapshotNotFound, BadSnapshotName."""
        _checked(name)
        async with self._shelf() as connection:
            await self._known(connection, name)
            await self._forget(connection, name)

    async def _known(self, connection: Connection, name: str) -> None:
        if not await connection.fetchval("SELECT count(*) FROM snapshots.list WHERE name = $1", name):
            raise SnapshotNotFound(name)

    async def _forget(self, connection: Connection, name: str) -> None:
        await connection.execute(f'DROP SCHEMA IF EXISTS "snapshot_{name}" CASCADE; CREATE SCHEMA "snapshot_{name}"')
        await connection.execute("DELETE FROM snapshots.list WHERE name = $1", name)

    @asynccontextmanager
    async def _owner(self) -> AsyncIterator[Connection]:
        """A transaction of the owner with foreign keys at rest, since whole tables go and come in any order, and all the time they take."""
        async with self._database.transaction() as connection:
            await connection.execute("SET LOCAL session_replication_role = replica; SET LOCAL statement_timeout = 0")
            yield connection

    @asynccontextmanager
    async def _shelf(self) -> AsyncIterator[Connection]:
        """The same, where snapshots can be found."""
        async with self._owner() as connection:
            await connection.execute(_SNAPSHOTS)
            yield connection


def _replacement(name: str, table: Record) -> str:
    target, columns = f"{table['schema']}.{table['name']}", table["columns"]
    return f"DELETE FROM {target}; INSERT INTO {target} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {_aside(name, table)};"


def _aside(name: str, table: Record) -> str:
    return f'"snapshot_{name}".{table["schema"]}__{table["name"]}'


def _checked(name: str) -> None:
    if not _NAME.fullmatch(name):
        message = "a snapshot's name is 1 to 40 letters, digits, hyphens and underscores"
        raise BadSnapshotName(message)
