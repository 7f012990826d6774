"""Numbered SQL files of a service, applied once each, in order, by the owner role under an advisory lock."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncpg

_STANDARD = "farthing.kit"
_SEED = "seed.sql"


@dataclass(frozen=True, slots=True)
class Migration:
    name: str
    sql: str


def migrations_of(service: str) -> list[Migration]:
    """The kit's standard tables (outbox, inbox), then the service's own files."""
    return [*_read(_STANDARD, "standard"), *_read(f"farthing.{service}", "migrations")]


def seed_of(service: str) -> str:
    """The service's sandbox seed, or nothing."""
    found = files(f"farthing.{service}") / "seed.sql"
    return found.read_text() if found.is_file() else ""


async def migrate(
    connection: asyncpg.Connection[asyncpg.Record], service: str, *, role: str | None = None, seed: bool = False
) -> list[str]:
    """Bring the service's schema up to date and answer what was applied; safe to run from several processes at once.

    The schema has the service's name. `role`, when given, may use it but not change it: tables are granted row by row in the migrations'
    spirit (SELECT, INSERT, UPDATE, DELETE by default; a migration revokes what must not be). It is a name as SQL writes it. `seed`: plant
    the sandbox's seed too, once in the life of these tables.
    """
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(hashtext('farthing-migrations'))")  # as long as it takes another one
        await connection.execute("SET LOCAL lock_timeout = '5s'")
        await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {service}")
        await connection.execute(f"SET LOCAL search_path = {service}")
        await connection.execute("CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())")
        done = {row["name"] for row in await connection.fetch("SELECT name FROM migrations")}
        wanted = migrations_of(service) + ([Migration(_SEED, seed_of(service))] if seed else [])
        new = [migration for migration in wanted if migration.name not in done]
        if role is not None:
            await _grant(connection, service, role)
        for migration in new:
            script = migration.sql.replace("{role}", role or "CURRENT_USER")
            await connection.execute(f"{script}\n; SELECT")  # asyncpg cannot bear a script without any statement
            await connection.execute("INSERT INTO migrations (name) VALUES ($1)", migration.name)
    return [migration.name for migration in new]


async def _grant(connection: asyncpg.Connection[asyncpg.Record], service: str, role: str) -> None:
    """Rights of the service's role on everything that the migrations are about to make; no DDL."""
    await connection.execute(f"GRANT USAGE ON SCHEMA {service} TO {role}")
    await connection.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA {service} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}")
    await connection.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA {service} GRANT USAGE ON SEQUENCES TO {role}")
    await connection.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA {service} GRANT EXECUTE ON FUNCTIONS TO {role}")


def _read(package: str, folder: str) -> list[Migration]:
    source = files(package) / folder
    if not source.is_dir():
        return []
    found = sorted((item for item in source.iterdir() if item.name.endswith(".sql")), key=lambda item: item.name)
    return [Migration(f"{folder}/{item.name}", item.read_text()) for item in found]
