"""Bring a service's tables up to date before a new version of it serves: `python -m farthing.<name> migrate`."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import asyncpg

from farthing.kit.db.away import AWAY, means_away
from farthing.kit.errors import Unavailable
from farthing.kit.migrations import migrate
from farthing.kit.settings import Settings
from farthing.standalone.settings import MissingSetting, database_of

if TYPE_CHECKING:
    from farthing.kit.manifest import Manifest

PATIENCE = 60.0  # seconds for a database that is only just starting
_PAUSE = 1.0


async def bring_up_to_date(manifest: Manifest, env: Mapping[str, str], patience: float = PATIENCE) -> None:
    """Apply what is missing as the owner, for the role that serves; plant the sandbox's seed once. Says what it did in one line.

    Several may do this at once, and the old version may serve meanwhile. Raises ValueError for a setting; Unavailable when the database
    does not answer in time or refuses us.
    """
    owner = env.get("DATABASE_OWNER_URL")
    if not owner:
        raise MissingSetting("DATABASE_OWNER_URL", "the role that owns the tables: postgresql://owner:password@host/database")
    role, sandbox = role_of(database_of(manifest, env)), Settings.from_environment(env).sandbox
    connection = await _connect(owner, time.monotonic() + patience)
    try:
        applied = await migrate(connection, manifest.name, role=role, seed=sandbox)
    finally:
        await connection.close()
    sys.stdout.write(f"{manifest.name}: {', '.join(applied) or 'nothing to do'}\n")


def role_of(dsn: str) -> str:
    """The user of a database URL, as SQL names it. Raises ValueError."""
    user = unquote(urlsplit(dsn).username or "")
    if not user or "\0" in user:
        message = "DATABASE_URL names no user: the tables are granted to that role"
        raise ValueError(message)
    return '"' + user.replace('"', '""') + '"'


async def _connect(dsn: str, until: float) -> asyncpg.Connection[asyncpg.Record]:
    while True:
        try:
            return await asyncpg.connect(dsn, timeout=10)
        except AWAY as error:
            if not means_away(error) or time.monotonic() > until:
                raise Unavailable(description=f"The database cannot be reached ({type(error).__name__}).") from None
        except asyncpg.PostgresError as error:
            raise Unavailable(description=f"The database refuses us: {error}.") from None
        await asyncio.sleep(_PAUSE)
