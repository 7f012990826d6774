"""Our own PostgreSQL is started again when it ended by itself: nobody else would."""

from __future__ import annotations

import asyncio
import logging
import shutil
import time
from collections import deque
from typing import TYPE_CHECKING, NoReturn

from farthing.embedded.cli.failure import Failure
from farthing.embedded.postgres.errors import FormerServerEnding, PostgresError

if TYPE_CHECKING:
    from farthing.embedded.postgres.server import EmbeddedPostgres
    from farthing.kit.telemetry import Log

MOST_ENDS = 5
WITHIN = 60.0  # seconds
_LOOK = 0.2  # seconds between two looks
_PAUSE = 1.0  # seconds after a start that failed
_ROOM = 16 << 20  # bytes: PostgreSQL's log grows by as much
_PATIENCE = 60.0  # seconds for what the killed server left to end


class Keeper:
    """Watches the server. Clients see 503 until it is back: it comes back on the same socket, with all that was committed.

    Once less than `room` bytes are free for its data, it says so, and again only if there was twice as much meanwhile.
    """

    def __init__(self, server: EmbeddedPostgres, log: Log, room: int = _ROOM) -> None:
        self._server, self._log, self._room = server, log, room
        self._full = False
        self._ends: deque[float] = deque(maxlen=MOST_ENDS)
        # The pool tells each connection that it could not make with a traceback; we say in one line what happened.
        logging.getLogger("asyncpg").setLevel(logging.CRITICAL)

    async def keep(self) -> NoReturn:
        """Raises Failure when the server ended MOST_ENDS times WITHIN a minute."""
        while True:
            await asyncio.sleep(_LOOK)
            self._look_at_the_disk()
            if not self._server.running:
                self._count_end()
                await self._start_again()

    def _look_at_the_disk(self) -> None:
        try:
            free = shutil.disk_usage(self._server.data_dir).free
        except OSError:  # PostgreSQL will say more
            return
        if free < self._room and not self._full:
            self._log.warning("postgres.disk_full", folder=str(self._server.data_dir), free=free)
        self._full = free < self._room * (2 if self._full else 1)

    def _count_end(self) -> None:
        now = time.monotonic()
        self._ends.append(now)
        if len(self._ends) == MOST_ENDS and now - self._ends[0] < WITHIN:
            message = f"PostgreSQL ended {MOST_ENDS} times within a minute, see {self._server.log}"
            raise Failure(f"{message}: nothing acknowledged is lost, start again when the cause is gone", 3)

    async def _start_again(self) -> None:
        self._log.warning("postgres.ended", doing="starting it again", log=str(self._server.log))
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                self._server.begin_again()  # in this, the main thread: see `EmbeddedPostgres`
                await asyncio.to_thread(self._server.wait_again)
            except FormerServerEnding:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(_LOOK)
            except PostgresError:
                await asyncio.sleep(_PAUSE)
                return  # counted as one more end
            else:
                self._log.info("postgres.back")
                return
