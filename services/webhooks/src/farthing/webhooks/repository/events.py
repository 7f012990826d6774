"""Events that apps are told, and what became of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import orjson

from farthing.kit.db import Database, one
from farthing.webhooks.domain.targets import lane_of
from farthing.webhooks.domain.webhook import Notification, Target

# Told twice, stored once: the id follows from the cause.
_STORE: Final = """
WITH told AS (
    INSERT INTO events (id, client_id, type, transactions, body, at, about) VALUES ($1, $2, $3, $4, $5, $6, $15::json)
    ON CONFLICT (id) DO NOTHING RETURNING id
), sent AS (
    INSERT INTO deliveries (id, event_id, client_id, subject, next_at, trace, recorded, webhook_id, url, lane)
    SELECT t.id, told.id, $2, $7, $8, $9, $10, t.webhook_id, t.url, t.lane
    FROM told CROSS JOIN unnest($11::text[], $12::text[], $13::text[], $14::bigint[]) AS t (id, webhook_id, url, lane)
    RETURNING id
)
SELECT (SELECT count(*) FROM sent) AS deliveries
"""
_SEND: Final = """
INSERT INTO deliveries (id, event_id, client_id, subject, next_at, webhook_id, url, lane)
SELECT t.id, $1, $2, $3, $4, t.webhook_id, t.url, t.lane
FROM unnest($5::text[], $6::text[], $7::text[], $8::bigint[]) AS t (id, webhook_id, url, lane)
"""
_GET: Final = "SELECT id, seq, type, body, at FROM events WHERE id = $1 AND client_id = $2"
_SENT: Final = """
SELECT e.body FROM deliveries d JOIN events e ON e.id = d.event_id WHERE d.id = $1 AND d.webhook_id = $2 AND d.client_id = $3
"""
_TRANSMISSIONS: Final = """
SELECT d.id, d.event_id, d.webhook_id, d.url, d.status, d.subject, d.next_at, a.number, a.at, a.http_status, a.reason
FROM deliveries d LEFT JOIN attempts a ON a.delivery_id = d.id WHERE d.event_id = ANY ($1::text[]) ORDER BY d.seq, a.number
"""
_OLDEST: Final = "SELECT at FROM events ORDER BY at LIMIT 1"
_FORGET: Final = """
WITH old AS (
    DELETE FROM events WHERE id IN (SELECT id FROM events WHERE at <= $1 ORDER BY at LIMIT 1000) RETURNING id
), gone AS (
    DELETE FROM deliveries WHERE event_id IN (SELECT id FROM old) RETURNING id
), tried AS (
    DELETE FROM attempts WHERE delivery_id IN (SELECT id FROM gone)
)
SELECT count(*) AS n FROM old
"""
_PAGE: Final = """
SELECT id, seq, type, body, at FROM events
WHERE client_id = $1 AND ($3::text IS NULL OR type = $3) AND ($4::timestamptz IS NULL OR at >= $4) AND ($5::timestamptz IS NULL OR at <= $5)
"""
_ANY, _ONE = "AND $2::text IS NULL", "AND transactions @> ARRAY[$2::text]"
_OLDER, _NEWER = "AND ($6::bigint IS NULL OR seq < $6) ORDER BY seq DESC LIMIT $7", "AND seq > $6::bigint ORDER BY seq LIMIT $7"
# By: is a transaction named, does the page lie before (newer than) the one that was seen.
_PAGES: Final = {
    (False, False): f"{_PAGE} {_ANY} {_OLDER}",
    (False, True): f"{_PAGE} {_ANY} {_NEWER}",
    (True, False): f"{_PAGE} {_ONE} {_OLDER}",
    (True, True): f"{_PAGE} {_ONE} {_NEWER}",
}


@dataclass(frozen=True, slots=True)
class StoredEvent:
    id: str
    seq: int
    type: str
    body: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to deliver. `http_status` is None when no answer came; `reason` says what happened in a word or two."""

    number: int
    at: datetime
    http_status: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Transmission:
    """One delivery of an event with its attempts; `next_at` only says something while it is pending."""

    id: str
    webhook_id: str
    url: str
    status: str
    subject: str
    next_at: datetime
    attempts: list[Attempt] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events of an app a list shows, newest first: `older` and `newer` than the event with this number."""

    client_id: str
    size: int
    start: datetime | None = None
    end: datetime | None = None
    transaction: str | None = None
    type: str | None = None
    older: int | None = None
    newer: int | None = None


class Events:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._store = database.together(_STORE)

    async def store(self, told: Notification, targets: Sequence[Target], due: datetime) -> int:
        """Keep an event and a delivery for each target; answer how many deliveries are new (none when it was told before)."""
        content = (told.id, told.client_id, told.type, list(told.transactions), told.body, told.at)
        cause = (told.trace, told.recorded)
        row = await self._store.row(*content, told.subject, due, *cause, *_columns(targets), orjson.dumps(told.about).decode())
        return int(row["deliveries"])

    async def send(self, event_id: str, client_id: str, subject: str, targets: Sequence[Target], due: datetime) -> None:
        """Deliver an event once more."""
        await self._database.execute(_SEND, event_id, client_id, subject, due, *_columns(targets))

    async def get(self, client_id: str, event_id: str) -> StoredEvent | None:
        row = await self._database.row(_GET, event_id, client_id)
        return None if row is None else StoredEvent(**row)

    async def sent(self, transmission_id: str, webhook_id: str, client_id: str) -> str | None:
        """The body that went out with this transmission."""
        row = await self._database.row(_SENT, transmission_id, webhook_id, client_id)
        return None if row is None else str(row["body"])

    async def page(self, wanted: Wanted) -> list[StoredEvent]:
        """Newest first; `newer` answers the page directly before."""
        backwards = wanted.newer is not None
        sql = _PAGES[wanted.transaction is not None, backwards]
        place = wanted.newer if backwards else wanted.older
        rows = await self._database.fetch(
            sql, wanted.client_id, wanted.transaction, wanted.type, wanted.start, wanted.end, place, wanted.size
        )
        found = [StoredEvent(**row) for row in rows]
        return found[::-1] if backwards else found

    async def transmissions(self, event_ids: Sequence[str]) -> Mapping[str, list[Transmission]]:
        """By event, in the order in which they were begun."""
        found: dict[str, list[Transmission]] = defaultdict(list)
        known: dict[str, Transmission] = {}
        for row in await self._database.fetch(_TRANSMISSIONS, list(event_ids)):
            transmission = known.get(row["id"])
            if transmission is None:
                transmission = Transmission(row["id"], row["webhook_id"], row["url"], row["status"], row["subject"], row["next_at"])
                known[row["id"]] = transmission
                found[row["event_id"]].append(transmission)
            if row["number"] is not None:
                transmission.attempts.append(Attempt(row["number"], row["at"], row["http_status"], row["reason"]))
        return found

    async def oldest(self) -> datetime | None:
        row = await self._database.row(_OLDEST)
        return None if row is None else row["at"]

    async def forget(self, until: datetime) -> int:
        """Drop events of that age and all about them, at most 1,000 at a time."""
        return int(one(await self._database.row(_FORGET, until))["n"])


def _columns(targets: Sequence[Target]) -> tuple[list[str], list[str], list[str], list[int]]:
    return (
        [one.id for one in targets],
        [one.webhook_id for one in targets],
        [one.url for one in targets],
        [lane_of(one.url) for one in targets],
    )
