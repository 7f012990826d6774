"""Messages of the stream that are no event, or none that a table can hold: kept in the inbox, where every dead letter is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from nats.aio.msg import Msg

    from farthing.kit.db import Connection
    from farthing.kit.telemetry import Log, Metrics

_BURY = """
INSERT INTO inbox (id, source, type, subject, data, at, attempts, dead)
VALUES ($1, 'broker', 'unreadable', $2, $3, now(), $4, $5) ON CONFLICT (id) DO NOTHING
"""


class DeadLetters:
    """Those of one service."""

    def __init__(self, service: str, metrics: Metrics, log: Log) -> None:
        self._died, self._log = metrics.dead_letters.labels(service), log

    async def bury(self, connection: Connection, message: Msg, reason: str) -> None:
        """Durable when this returns; the same message twice is one letter. It lies there as one JSON text, whatever its bytes were."""
        found = message.metadata
        name, raw = f"message-{found.sequence.stream}", orjson.dumps(message.data.decode("latin-1")).decode()
        if await connection.execute(_BURY, name, message.subject, raw, found.num_delivered, reason) == "INSERT 0 1":
            self._died.inc()
            self._log.error("event.dead", subject=message.subject, reason=reason)
