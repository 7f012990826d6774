"""Events between services: outbox → transport → inbox → handler, at least once, in commit order per subject.

A service writes its event in the statement that causes it (table `outbox`). A relay hands outbox rows to the transport and deletes what was
taken over. The receiving side stores them in its `inbox`, once per id, and a worker gives them to the handler until it succeeds.
What a handler refuses too often is a dead letter: set aside until somebody says what becomes of it.
Embedded, the transport is PostgreSQL to PostgreSQL; in split mode a broker lies between the same two tables.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from farthing.kit.call import TRAIL
from farthing.kit.clock import real_now
from farthing.kit.errors import NotFound, OutcomeUnknown, Unavailable
from farthing.kit.telemetry.tracing import NO_SPANS, Facts, Spans, trail_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from datetime import datetime

    from farthing.kit.db import Database, Record
    from farthing.kit.db.pooled import Connection
    from farthing.kit.manifest import Manifest
    from farthing.kit.telemetry import Log, Metrics, Tracing

    Handlers = Mapping[str, Callable[["Event"], Awaitable[None]]]

BATCH = 500
HANDLED_TOGETHER = 200
HANDLER_TIME = 30.0  # seconds
_HOUR = 3600.0
_LONGEST_PAUSE = 60  # seconds between two attempts at one event
REFUSALS = 10  # of an event by its handler, in some four minutes; then it is a dead letter
_ATTEMPTS = 1500  # at an event whose handler needs what is away: about a day


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened (the CloudEvents attributes id, source, type, subject, time, data; trace = W3C traceparent).

    `data` is the JSON text of the resource as it was then; `at` is on the platform's clock, `recorded` in real time.
    """

    id: str
    source: str
    type: str
    subject: str
    data: str
    at: datetime
    trace: str = ""
    seq: int = 0
    recorded: datetime = field(default_factory=real_now)


def current_trace() -> str:
    """The traceparent to store with an event, so that its handling joins the trace of its cause."""
    trail = TRAIL.get()
    return trail.traceparent if trail is not None else ""


def _facts(event: Event, what: str) -> Facts:
    facts: Facts = {"messaging.system": "farthing", "messaging.operation.type": what, "messaging.destination.name": event.type}
    return facts | {"messaging.message.id": event.id}


def _hop(spans: Spans, event: Event, what: str, kind: str, open_spans: ExitStack) -> Event:
    """The event as it goes on from here: below a span of this hop, where its cause was sampled."""
    trail = trail_of(event.trace, 0)
    if not trail.sampled:
        return event
    open_spans.enter_context(spans.span(f"{what} {event.type}", kind, trail, _facts(event, what)))
    return replace(event, trace=current_trace())


class EventTransport(Protocol):
    """Takes events over; when `publish` returns, every consumer's copy is durable."""

    async def publish(self, events: Sequence[Event]) -> None: ...


class EventSource(Protocol):
    """Where a service's events come from when a broker lies between: it stores them in the inbox."""

    @property
    def mine(self) -> bool:
        """Whether it is this process's turn, of all replicas, to receive and to handle: one at a time keeps the order of each subject."""

    async def run(self) -> None:
        """Receive until cancelled."""

    async def drain(self) -> int:
        """Wait until nothing is on its way to this service's inbox, and answer how much was. Raises Unavailable."""


# Taken and deleted in one statement; it counts only when the transport has taken over and the transaction commits.
_TAKE = """
DELETE FROM outbox USING (SELECT pg_try_advisory_xact_lock(hashtext($1)) AS mine) AS turn
WHERE turn.mine AND seq IN (SELECT o.seq FROM outbox o ORDER BY o.seq LIMIT $2)
RETURNING seq, id, type, subject, data, trace, at, recorded
"""


class Relay:
    """Moves one service's outbox to the transport; woken by the statements that write it, one relay at a time per service."""

    def __init__(self, manifest: Manifest, database: Database, transport: EventTransport, spans: Spans = NO_SPANS) -> None:
        self._source, self._database, self._transport, self._spans = manifest.name, database, transport, spans
        self.woken = asyncio.Event()
        self.oldest: datetime | None = None

    async def step(self) -> int:
        """Relay one batch and answer its size."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(_TAKE, f"relay-{self._source}", BATCH)
            if not rows:
                self.oldest = None
                return 0
            rows.sort(key=lambda row: row["seq"])
            self.oldest = rows[0]["recorded"]
            with ExitStack() as open_spans:
                events = [_event_of(row, self._source) for row in rows]
                await self._transport.publish([_hop(self._spans, event, "send", "PRODUCER", open_spans) for event in events])
        self.oldest = None
        return len(rows)

    async def drain(self) -> int:
        """Like `step`, but what another replica's relay is at just now counts too."""
        return await self.step() or len(await self._database.fetch("SELECT 1 AS one FROM outbox LIMIT 1"))


_RECEIVE = """
INSERT INTO inbox (id, source, type, subject, data, trace, at, recorded)
SELECT e.id, e.source, e.type, e.subject, e.data::json, e.trace, e.at, e.recorded
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::timestamptz[])
    AS e (id, source, type, subject, data, trace, at, recorded)
ON CONFLICT (id) DO NOTHING
"""
_COLUMNS = ("id", "source", "type", "subject", "data", "trace", "at", "recorded")
_WAITING = """
SELECT seq, id, source, type, subject, data, trace, at, recorded, attempts, refusals FROM inbox WHERE NOT done AND dead IS NULL
    AND ($1 OR (retry_at IS NULL OR retry_at <= now())
        AND subject NOT IN (SELECT subject FROM inbox WHERE NOT done AND dead IS NULL AND retry_at > now()))
ORDER BY seq LIMIT $2
"""
_FAILED = """
UPDATE inbox SET attempts = attempts + 1, refusals = $2, dead = $3, retry_at = now() + make_interval(secs => $4) WHERE id = $1
"""
_DEAD = """
SELECT seq AS number, dead AS reason, id, source, type, subject, attempts
FROM inbox WHERE NOT done AND dead IS NOT NULL ORDER BY seq LIMIT 100
"""
_TIDY = """
DELETE FROM inbox WHERE seq IN (
    SELECT seq FROM inbox WHERE done AND at < now() - interval '1 day' OR dead IS NOT NULL AND at < now() - interval '30 days'
    ORDER BY seq LIMIT 10000  -- what gathered in a long time takes many steps, and none of them long
)
"""
_SETTLE = {
    "replay": "UPDATE inbox SET dead = NULL, attempts = 0, refusals = 0, retry_at = NULL WHERE seq = $1 AND NOT done AND dead IS NOT NULL",
    "drop": "UPDATE inbox SET done = true, data = NULL, at = now() WHERE seq = $1 AND NOT done AND dead IS NOT NULL",
}


class Inbox:
    """What one service was told. `receive` stores, `step` handles; a handler must bear the same event twice."""

    def __init__(self, manifest: Manifest, database: Database, handlers: Handlers, log: Log, tracing: Tracing, metrics: Metrics) -> None:
        self._manifest, self._database, self._handlers = manifest, database, handlers
        self._log, self._spans = log, tracing.of(manifest.name, manifest.version)
        self._died = metrics.dead_letters.labels(manifest.name)
        self.woken = asyncio.Event()
        self._tidied = -_HOUR

    async def receive(self, events: Sequence[Event], connection: Connection | None = None) -> None:
        """Store those that this service wants, each once; on this connection, when the caller holds one for it."""
        wanted = [event for event in events if self._manifest.wants(event.source, event.type)]
        if not wanted:
            return
        with ExitStack() as open_spans:
            wanted = [_hop(self._spans, event, "receive", "CONSUMER", open_spans) for event in wanted]
            if connection is not None:  # what the database itself executes it traces
                open_spans.enter_context(self._database.traced(_RECEIVE))
            await (connection or self._database).execute(_RECEIVE, *([getattr(event, name) for event in wanted] for name in _COLUMNS))
        self.woken.set()

    async def dead_letters(self) -> list[dict[str, Any]]:
        """The oldest hundred events that were given up, without what they say: it may hold personal data."""
        return [dict(row) for row in await self._database.fetch(_DEAD)]

    async def settle(self, number: str, how: str) -> None:
        """`replay` a dead letter as if it had just come, or `drop` it. Raises NotFound."""
        sql = _SETTLE.get(how) if number.isdecimal() and len(number) < 19 else None
        if sql is None or await self._database.execute(sql, int(number)) != "UPDATE 1":
            raise NotFound
        self.woken.set()

    async def step(self, *, everything: bool = False) -> int:
        """Handle a batch, subjects side by side and each subject's events in order; answer how many succeeded.

        `everything`: also those that failed before and would still pause.
        """
        rows = await self._database.fetch(_WAITING, everything, HANDLED_TOGETHER)
        subjects: dict[str, list[tuple[Event, int, int]]] = {}
        for row in rows:
            event = _event_of(row, row["source"])
            subjects.setdefault(event.subject, []).append((event, row["attempts"], row["refusals"]))
        done = [event_id for group in await asyncio.gather(*(self._in_order(group) for group in subjects.values())) for event_id in group]
        if done:  # the id stays, so that a second delivery is recognised; the content goes
            await self._database.execute("UPDATE inbox SET done = true, data = NULL, retry_at = NULL WHERE id = ANY($1)", done)
        return len(done)

    async def tidy(self) -> None:
        """Once an hour, however often it is called, forget ids handled a day ago and dead letters a month old; all in some steps."""
        if time.monotonic() - self._tidied > _HOUR and await self._database.execute(_TIDY) == "DELETE 0":
            self._tidied = time.monotonic()

    async def _in_order(self, group: list[tuple[Event, int, int]]) -> list[str]:
        done = []
        for event, attempts, refusals in group:
            handled = await self._handle(event, attempts, refusals)
            if handled is None:
                break
            if handled:
                done.append(event.id)
        return done

    async def _handle(self, event: Event, attempts: int, refusals: int) -> bool | None:
        """Whether it was handled; None: it waits, and the later ones of its subject with it."""
        trail = trail_of(event.trace, HANDLER_TIME)
        token = TRAIL.set(trail)
        try:
            with self._spans.span(f"process {event.type}", "CONSUMER", trail, _facts(event, "process")):
                await self._handlers[event.type](event)
        except Exception as error:  # noqa: BLE001 - the edge of the worker: one bad event must not stop the others
            refusals += not isinstance(error, (Unavailable, OutcomeUnknown))
            return False if await self._dies(event, attempts, refusals, error) else None
        finally:
            TRAIL.reset(token)
        return True

    async def _dies(self, event: Event, attempts: int, refusals: int, error: Exception) -> bool:
        """Let it be tried again later, or give it up."""
        dead = type(error).__name__ if refusals >= REFUSALS or attempts + 1 >= _ATTEMPTS else None
        await self._database.execute(_FAILED, event.id, refusals, dead, float(min(_LONGEST_PAUSE, 2 ** min(attempts, 6))))
        self._log.error("event.dead" if dead else "event.failed", error, event_type=event.type, event_id=event.id, attempts=attempts + 1)
        self._died.inc(dead is not None)
        return dead is not None


def _event_of(row: Record, source: str) -> Event:
    return Event(row["id"], source, row["type"], row["subject"], row["data"], row["at"], row["trace"], row["seq"], row["recorded"])
