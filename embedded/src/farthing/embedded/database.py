"""The one database of the one process: a schema and a role for each service, migrations, the sandbox seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg

from farthing.embedded.contents import NAMES, contents
from farthing.kit.db import Database
from farthing.kit.migrations import migrate, seed_of

if TYPE_CHECKING:
    from collections.abc import Callable

    Connection = asyncpg.Connection[asyncpg.Record]

_ROLE = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN CREATE ROLE {role} LOGIN; END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;  -- another process was quicker
END $$
"""


def role_of(service: str) -> str:
    """The database role that a service runs under: it may use its own schema and nothing else."""
    return f"farthing_{service}"


class Place:
    """Where the database is. Our own server trusts every role; on somebody else's, the given user takes each service's role."""

    def __init__(self, dsn: str, own: Callable[[str], str] | None = None) -> None:
        self.dsn, self._own = dsn, own

    def open(self, service: str, size: int) -> Database:
        role = role_of(service)
        return Database(self.dsn, service, role, size) if self._own is None else Database(self._own(role), service, size=size)


async def prepare(dsn: str, *, seed: bool) -> None:
    """Make roles, schemas and tables, and in sandbox mode the seed, when this database does not have them yet."""
    connection = await asyncpg.connect(dsn)
    try:
        if await _is_prepared(connection, contents(seeded=seed)):
            return
        _refuse_older(connection)
        for service in NAMES:
            await connection.execute(_ROLE.format(role=role_of(service)))
        empty = await connection.fetchval("SELECT to_regclass('public.farthing') IS NULL")
        for service in NAMES:
            await migrate(connection, service, role=role_of(service))
        if empty and seed:
            await connection.execute(seed_script())
        await connection.execute("CREATE TABLE IF NOT EXISTS public.farthing (prepared text NOT NULL)")
        await connection.execute("DELETE FROM public.farthing")
        await connection.execute("INSERT INTO public.farthing VALUES ($1)", contents(seeded=seed))
    finally:
        await connection.close()


def seed_script() -> str:
    """The seed of all services as one script, each part in its own schema."""
    parts = [f"SET search_path = {service};\n{seed}" for service in NAMES if (seed := seed_of(service).strip())]
    return "\n".join([*parts, "RESET search_path;"])


async def _is_prepared(connection: Connection, wanted: str) -> bool:
    if await connection.fetchval("SELECT to_regclass('public.farthing') IS NULL"):
        return False
    return bool(await connection.fetchval("SELECT prepared = $1 FROM public.farthing", wanted))


def _refuse_older(connection: Connection) -> None:
    if connection.get_server_version().major < 17:
        message = f"PostgreSQL {connection.get_server_version().major} is too old: 17 or newer is needed"
        raise ValueError(message)
