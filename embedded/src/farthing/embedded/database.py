"""The one database of the one process: a schema and a role for each service, migrations, the sandbox seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg

from farthing.embedded.contents import NAMES, contents, seeded_in
from farthing.kit.db import Database
from farthing.kit.migrations import migrate, seed_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from farthing.kit.telemetry import Spans

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

    def owner(self) -> Database:
        """As the user who made it all; one connection, for what concerns every service."""
        return Database(self.dsn, "public", size=1)

    def open(self, service: str, size: int, spans: Spans) -> Database:
        role = role_of(service)
        dsn, inside = (self.dsn, role) if self._own is None else (self._own(role), None)
        return Database(dsn, service, inside, size, spans)


class DatabaseUnusable(ValueError):
    """The database answers and cannot be used as asked. The message is one line for a user."""


async def prepare(dsn: str, *, seed: bool) -> None:
    """Make roles, schemas and tables, and in sandbox mode the seed, when this database does not have them yet.

    The mode of the first start is a fact of the data: live data never get the sandbox's seed and controls, nor the other way round.
    Raises DatabaseUnusable for data of the other mode and for a PostgreSQL that is too old.
    """
    connection = await asyncpg.connect(dsn)
    try:
        found = await _prepared(connection)
        if found == contents(seeded=seed):
            return
        _refuse_other_mode(found, seed=seed)
        _refuse_older(connection)
        for service in NAMES:
            await connection.execute(_ROLE.format(role=role_of(service)))
        for service in NAMES:
            await migrate(connection, service, role=role_of(service))
        async with connection.transaction():  # a seed without its note could be opened in live mode
            if found is None and seed:
                await connection.execute(seed_script())
            await connection.execute("CREATE TABLE IF NOT EXISTS public.farthing (prepared text NOT NULL)")
            await connection.execute("DELETE FROM public.farthing")
            await connection.execute("INSERT INTO public.farthing VALUES ($1)", contents(seeded=seed))
    finally:
        await connection.close()


async def count_start(dsn: str) -> int:
    """How many times a platform with seeded ids began to serve these data, this time included."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("CREATE SEQUENCE IF NOT EXISTS public.farthing_starts")
        return int(await connection.fetchval("SELECT nextval('public.farthing_starts')"))
    finally:
        await connection.close()


def seed_script() -> str:
    """The seed of all services as one script, each part in its own schema."""
    parts = [f"SET search_path = {service};\n{seed}" for service in NAMES if (seed := seed_of(service).strip())]
    return "\n".join([*parts, "RESET search_path;"])


async def _prepared(connection: Connection) -> str | None:
    """What was prepared here (see `contents`); None for a database that is new to us."""
    if await connection.fetchval("SELECT to_regclass('public.farthing') IS NULL"):
        return None
    found: str | None = await connection.fetchval("SELECT prepared FROM public.farthing")
    return found


def _refuse_other_mode(found: str | None, *, seed: bool) -> None:
    if found is not None and seeded_in(found) != seed:
        theirs, ours = ("live", "sandbox") if seed else ("sandbox", "live")
        message = f"these data were made in {theirs} mode and this is {ours} mode"
        raise DatabaseUnusable(f"{message}: set FARTHING_MODE={theirs}, or choose other data (--data-dir, --database-url)")


def _refuse_older(connection: Connection) -> None:
    if connection.get_server_version().major < 17:
        message = f"PostgreSQL {connection.get_server_version().major} is too old: 17 or newer is needed"
        raise DatabaseUnusable(message)
