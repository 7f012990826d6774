"""What can go wrong with the database while it is prepared and opened, as one line and an exit code."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import asyncpg

from farthing.embedded.cli.failure import Failure
from farthing.kit.db.away import AWAY, means_away
from farthing.kit.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

_AWAY: tuple[type[Exception], ...] = (*AWAY, Unavailable)
_WHICH = "check --database-url (FARTHING_DATABASE_URL)"


@contextmanager
def in_one_line() -> Iterator[None]:
    """Raises Failure instead of what PostgreSQL, the way to it, or a setting that is no good says."""
    try:
        yield
    except asyncpg.exceptions.ClientConfigurationError as error:
        raise Failure(f"this is no address of a database ({_first_line(error)}): {_WHICH}", 3) from None
    except _AWAY as error:
        if not means_away(error):
            raise Failure(_first_line(error), 3) from None
        if isinstance(full := error.__cause__ or error, asyncpg.DiskFullError):
            raise Failure(
                f"the database's disk is full ({_first_line(full)}): make room, or keep the data elsewhere with --data-dir", 3
            ) from None
        raise Failure(f"the database cannot be reached ({_first_line(error)}): {_WHICH}", 3) from None
    except asyncpg.PostgresError as error:
        raise Failure(f"the database refuses us ({_first_line(error)}): {_WHICH}", 3) from None
    except ValueError as error:
        raise Failure(_first_line(error), 3) from None


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
