"""What says that PostgreSQL is away, as opposed to a statement being wrong."""

from __future__ import annotations

import asyncpg

AWAY: tuple[type[Exception], ...] = (
    OSError,  # includes TimeoutError
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,  # a closed connection or pool; wrong arguments are one, too: see `means_away`
    asyncpg.InternalClientError,  # what a server that dies in the middle of an answer looks like
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.DiskFullError,  # nothing can be written until there is room
)


def means_away(error: BaseException) -> bool:
    """False for arguments that asyncpg cannot encode: it calls that an InterfaceError, and a ValueError."""
    return not isinstance(error, (ValueError, TypeError))


def reason_of(error: BaseException) -> str:
    return "The database has no room left." if isinstance(error, asyncpg.DiskFullError) else "The database cannot be reached."
