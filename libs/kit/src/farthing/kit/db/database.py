"""The pool of one service, in its own schema (or database) under its own role."""

from __future__ import annotations

import asyncio
import re
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from functools import cache
from typing import TYPE_CHECKING

import asyncpg

from farthing.kit.call import TRAIL
from farthing.kit.db.away import AWAY, means_away, reason_of
from farthing.kit.db.guard import OPEN_TRANSACTION
from farthing.kit.db.pooled import Connection
from farthing.kit.db.together import Together
from farthing.kit.errors import Unavailable
from farthing.kit.telemetry.tracing import NO_SPANS, Facts, Spans

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

POOL_SIZE = 2  # more connections make smaller batches and cost throughput
_SERVER_SETTINGS = {
    "plan_cache_mode": "force_generic_plan",  # planning was half of PostgreSQL's work
    "enable_seqscan": "off",  # a generic plan made on an empty table lives on
    "jit": "off",
    "lock_timeout": "5s",
    "statement_timeout": "10s",
    "idle_in_transaction_session_timeout": "10s",
    "timezone": "UTC",
}
_UNTRACED = nullcontext()
_STEP = re.compile(r"\b(INSERT INTO|DELETE FROM|UPDATE|FROM|JOIN)\s+([a-z_]+)\b(?!\.)")
_NAMED = re.compile(r"\b([a-z_]+) AS (?:MATERIALIZED )?\(")


class Database:
    """Statements of one service. While PostgreSQL is away every call raises Unavailable, and it recovers by itself."""

    def __init__(self, dsn: str, schema: str, role: str | None = None, size: int = POOL_SIZE, spans: Spans = NO_SPANS) -> None:
        settings = {**_SERVER_SETTINGS, "search_path": schema, "application_name": f"farthing-{schema}"}
        if role is not None:
            settings["role"] = role
        self.schema = schema
        self._dsn, self._settings, self._size, self._spans = dsn, settings, size, spans
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._opening = asyncio.Lock()
        self.on_emit: Callable[[], None] = lambda: None

    async def open(self) -> None:
        """Connect. Raises Unavailable."""
        await self._opened()

    async def close(self) -> None:
        if self._pool is not None:
            self._pool.terminate()
            self._pool = None

    @property
    def idle(self) -> int:
        return self._pool.get_idle_size() if self._pool else 0

    @property
    def used(self) -> int:
        return self._pool.get_size() - self._pool.get_idle_size() if self._pool else 0

    def together(self, sql: str, *, emits: bool = False) -> Together:
        """Prepare a statement that answers exactly one row, for concurrent executions to share a round trip and a commit.

        `emits`: it writes to the outbox, so the relay is woken after each commit.
        """
        return Together(self, sql, emits=emits)

    def traced(self, sql: str) -> AbstractContextManager[object]:
        """A span for this statement, if the present request is sampled; to be held while one waits for it, alone or with others."""
        trail = TRAIL.get()
        if trail is None or not trail.sampled:
            return _UNTRACED
        summary = summary_of(sql)
        facts: Facts = {"db.system.name": "postgresql", "db.namespace": self.schema, "db.query.summary": summary}
        return self._spans.span(summary, "CLIENT", trail, facts | {"db.query.text": sql.strip()})

    async def fetch(self, sql: str, *values: object) -> list[asyncpg.Record]:
        with self.traced(sql):
            async with self.connection() as connection:
                return await connection.fetch(sql, *values)

    async def row(self, sql: str, *values: object) -> asyncpg.Record | None:
        with self.traced(sql):
            async with self.connection() as connection:
                return await connection.fetchrow(sql, *values)

    async def execute(self, sql: str, *values: object) -> str:
        """Answer the command tag."""
        with self.traced(sql):
            async with self.connection() as connection:
                return await connection.execute(sql, *values)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Borrow a connection, statements commit by themselves. Raises Unavailable while PostgreSQL is away."""
        try:
            pool = await self._opened()
            async with pool.acquire(timeout=10) as connection:
                yield connection
        except AWAY as error:
            if not means_away(error):
                raise
            raise Unavailable(description=reason_of(error)) from error

    @asynccontextmanager
    async def transaction(self, isolation: str | None = None, *, readonly: bool = False) -> AsyncIterator[Connection]:
        """Open a transaction for what one statement cannot do; no other service can be called inside."""
        with self.traced("BEGIN"):
            async with self.connection() as connection:
                token = OPEN_TRANSACTION.set(True)
                try:
                    async with connection.transaction(isolation=isolation, readonly=readonly):  # type: ignore[arg-type]
                        yield connection
                finally:
                    OPEN_TRANSACTION.reset(token)

    @asynccontextmanager
    async def beside(self) -> AsyncIterator[Database]:
        """One connection beside the pool while it is wanted, for what takes so long that others would miss it."""
        own = Database(self._dsn, self.schema, self._settings.get("role"), 1, self._spans)
        try:
            yield own
        finally:
            await own.close()

    async def _opened(self) -> asyncpg.Pool[asyncpg.Record]:
        if self._pool is not None:
            return self._pool
        async with self._opening:
            if self._pool is None:
                try:
                    self._pool = await asyncpg.create_pool(
                        self._dsn,
                        max_size=self._size,
                        min_size=1,
                        reset=_no_reset,
                        server_settings=self._settings,
                        timeout=10,
                        command_timeout=15,
                    )
                except AWAY as error:
                    raise Unavailable(description="The database cannot be reached.") from error
            return self._pool


async def _no_reset(_connection: object) -> None:
    """Nothing to reset: no statement here changes the session (asyncpg's own reset costs a round trip)."""


@cache
def summary_of(sql: str) -> str:
    """A statement's steps and their tables, in their order (`db.query.summary`); what it names itself (WITH) is no table."""
    own = {*_NAMED.findall(sql), "unnest", "json_to_recordset", "generate_series"}
    found = [(verb.split()[0], table) for verb, table in _STEP.findall(sql) if table not in own]
    steps = [f"{'SELECT' if verb in {'FROM', 'JOIN'} else verb} {table}" for verb, table in found]
    return " ".join(dict.fromkeys(steps)) or sql.split(maxsplit=1)[0]


def one(record: asyncpg.Record | None) -> asyncpg.Record:
    """The row of a statement that always answers one."""
    if record is None:
        message = "a statement that must answer exactly one row answered none"
        raise RuntimeError(message)
    return record
