"""Equal statements of concurrent requests, in one round trip and one commit."""

from __future__ import annotations

import asyncio
import contextvars
from typing import TYPE_CHECKING, Any

import asyncpg

from farthing.kit.db.away import AWAY, means_away

if TYPE_CHECKING:
    from farthing.kit.db.pooled import Connection, Source

BATCH = 64
_FAILURES: tuple[type[Exception], ...] = (asyncpg.PostgresError, *AWAY, ValueError, TypeError)

_Item = tuple[tuple[object, ...], "asyncio.Future[Any]"]


class Together:
    """Executes one statement for many callers at once. No timer: what waits while a batch runs forms the next one.

    The statement answers exactly one row, commits by itself, can run again after a rollback, and its first parameter is the key of the row
    it changes: a batch is sorted by it, so that two batches never wait for each other in a circle.
    """

    def __init__(self, database: Source, sql: str, *, emits: bool = False) -> None:
        self._database, self._sql, self._emits = database, sql, emits
        self._waiting: list[_Item] = []
        self._writing = False
        self._task: asyncio.Task[None] | None = None

    async def row(self, *values: object) -> asyncpg.Record:
        """Execute for one caller; one that is cancelled does not disturb the others.

        Raises Unavailable, and what PostgreSQL says of this item.
        """
        answer: asyncio.Future[asyncpg.Record] = asyncio.get_running_loop().create_future()
        self._waiting.append((values, answer))
        if not self._writing:
            self._writing = True
            self._task = asyncio.get_running_loop().create_task(self._write(), context=contextvars.Context())
        with self._database.traced(self._sql):
            return await answer

    async def _write(self) -> None:
        batch: list[_Item] = []
        try:
            async with self._database.connection() as connection:
                while self._waiting:
                    batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
                    await self._run(connection, batch)
                    if self._emits:
                        self._database.on_emit()
                self._writing = False  # before the connection is given back, else a caller is never woken
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - whatever it is, nobody may wait for ever
            failed, self._waiting, self._writing = [*batch, *self._waiting], [], False
            _fail(failed, error if isinstance(error, Exception) else RuntimeError("the process is stopping"))

    async def _run(self, connection: Connection, batch: list[_Item]) -> None:
        batch.sort(key=_first)
        if len(batch) == 1:
            return await self._alone(connection, batch[0])
        try:
            rows = await connection.fetchmany(self._sql, [values for values, _ in batch])
        except _FAILURES as error:
            if isinstance(error, AWAY) and means_away(error):
                raise
            for item in batch:
                await self._alone(connection, item)
            return None
        for (_, answer), row in zip(batch, rows, strict=True):
            if not answer.done():
                answer.set_result(row)
        return None

    async def _alone(self, connection: Connection, item: _Item) -> None:
        values, answer = item
        try:
            row = await connection.fetchrow(self._sql, *values)
        except _FAILURES as error:
            if isinstance(error, AWAY) and means_away(error):
                raise
            if not answer.done():
                answer.set_exception(error)
            return
        if not answer.done():
            answer.set_result(row)


def _first(item: _Item) -> str:
    return str(item[0][0]) if item[0] else ""


def _fail(items: list[_Item], error: Exception) -> None:
    for _, answer in items:
        if not answer.done():
            answer.set_exception(error)
