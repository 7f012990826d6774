"""What the parts of `kit.db` know of each other."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

import asyncpg

if TYPE_CHECKING:
    Connection = asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
else:
    Connection = Any


class Source(Protocol):
    """Lends connections. Raises Unavailable while PostgreSQL is away."""

    on_emit: Callable[[], None]

    def connection(self) -> AbstractAsyncContextManager[Connection]: ...
    def traced(self, sql: str) -> AbstractContextManager[object]: ...
