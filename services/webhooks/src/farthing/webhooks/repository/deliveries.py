"""Deliveries that are due: taken by one process at a time, for as long as it may need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from farthing.kit.db import Database

# A lane is what waits for one URL. The lanes are found by skipping through the index and each gives at most as many as it has room for, so
# that what waits for a slow receiver, however much, costs nothing here. The first attempts of one resource's events wait for each other.
_CLAIM: Final = """
WITH RECURSIVE lanes AS (
    (SELECT lane FROM deliveries WHERE status = 'PENDING' ORDER BY lane LIMIT 1)
    UNION ALL
    SELECT (SELECT d.lane FROM deliveries d WHERE d.status = 'PENDING' AND d.lane > l.lane ORDER BY d.lane LIMIT 1)
    FROM lanes l WHERE l.lane IS NOT NULL
), room AS (
    SELECT l.lane, greatest($3::int - coalesce(b.busy, 0), 0) AS free
    FROM lanes l LEFT JOIN unnest($4::bigint[], $5::int[]) AS b (lane, busy) ON b.lane = l.lane
    WHERE l.lane IS NOT NULL
), ready AS (
    SELECT c.id FROM room r CROSS JOIN LATERAL (
        SELECT d.id, d.next_at, d.seq FROM deliveries d
        WHERE d.lane = r.lane AND d.status = 'PENDING' AND d.next_at <= $1 AND (d.leased_until IS NULL OR d.leased_until < now())
          AND (NOT d.first_in_order OR NOT EXISTS (
              SELECT 1 FROM deliveries e
              WHERE e.webhook_id = d.webhook_id AND e.subject = d.subject AND e.first_in_order AND e.seq < d.seq
          ))
        ORDER BY d.next_at, d.seq LIMIT r.free FOR UPDATE SKIP LOCKED
    ) c ORDER BY c.next_at, c.seq LIMIT $2
)
UPDATE deliveries d SET leased_until = now() + make_interval(secs => $6)
FROM ready, events e WHERE d.id = ready.id AND e.id = d.event_id
RETURNING d.id, d.seq, d.client_id, d.webhook_id, d.url, d.lane, d.subject, d.attempts, d.first_in_order, d.trace, d.recorded,
          e.id AS event_id, e.type, e.body, e.at, e.about
"""
_DUE: Final = """
SELECT next_at FROM deliveries WHERE status = 'PENDING' AND (leased_until IS NULL OR leased_until < now()) ORDER BY next_at LIMIT 1
"""
_EARLIEST: Final = "SELECT next_at FROM deliveries WHERE status = 'PENDING' ORDER BY next_at LIMIT 1"
# Compare and set on the number of attempts: whoever held the delivery too long, while another one tried it, changes nothing.
_FINISH: Final = """
WITH done AS (
    UPDATE deliveries SET attempts = attempts + 1, status = $3, next_at = $4, leased_until = NULL, first_in_order = false
    WHERE id = $1 AND attempts = $2 AND status = 'PENDING' RETURNING id, attempts
), noted AS (
    INSERT INTO attempts (delivery_id, number, at, http_status, reason) SELECT done.id, done.attempts, $5, $6, $7 FROM done
)
SELECT (SELECT id FROM done) AS id
"""
_POSTPONE: Final = """
UPDATE deliveries SET next_at = $3, leased_until = NULL, first_in_order = false WHERE id = $1 AND attempts = $2 AND status = 'PENDING'
"""
_EXTEND: Final = "UPDATE deliveries SET leased_until = now() + make_interval(secs => $2) WHERE id = $1"
_RELEASE: Final = "UPDATE deliveries SET leased_until = NULL WHERE id = ANY ($1::text[]) AND status = 'PENDING'"
_LATEST: Final = """
SELECT d.id, d.event_id, e.type, d.client_id, d.webhook_id, d.status, d.attempts, d.next_at
FROM deliveries d JOIN events e ON e.id = d.event_id ORDER BY e.at DESC, d.seq DESC LIMIT $1
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that this process may attempt now; `attempts` were made before. `recorded` is in real time, `at` by the clock.

    `about`: as in Notification, JSON.
    """

    id: str
    seq: int
    client_id: str
    webhook_id: str
    url: str
    lane: int
    subject: str
    attempts: int
    first_in_order: bool
    trace: str
    recorded: datetime
    event_id: str
    type: str
    body: str
    at: datetime
    about: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an attempt came to: the delivery's status after it, when the next one is due, and what was seen."""

    status: str
    next_at: datetime
    at: datetime
    http_status: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class DeliveryState:
    id: str
    event_id: str
    type: str
    client_id: str
    webhook_id: str
    status: str
    attempts: int
    next_at: datetime


class Deliveries:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._finish = database.together(_FINISH)

    async def claim(self, now: datetime, *, most: int, in_lane: int, busy: Mapping[int, int], lease: float) -> list[Claimed]:
        """Take deliveries that are due for `lease` seconds of real time, in the order in which they are to leave.

        At most `most`, and with those that are on their way (`busy`, by lane) at most `in_lane` of each lane. What another process has
        taken is passed over until its lease is over.
        """
        rows = await self._database.fetch(_CLAIM, now, most, in_lane, list(busy), list(busy.values()), lease)
        return sorted((Claimed(**row) for row in rows), key=lambda claimed: claimed.seq)

    async def due(self) -> datetime | None:
        """When the earliest delivery that nobody has taken is due."""
        row = await self._database.row(_DUE)
        return None if row is None else row["next_at"]

    async def earliest(self) -> datetime | None:
        """When the earliest pending delivery is due, taken or not."""
        row = await self._database.row(_EARLIEST)
        return None if row is None else row["next_at"]

    async def finish(self, claimed: Claimed, outcome: Outcome) -> bool:
        """Record an attempt; False when it no longer counts (tried by another process, webhook deleted, reset)."""
        row = await self._finish.row(
            claimed.id, claimed.attempts, outcome.status, outcome.next_at, outcome.at, outcome.http_status, outcome.reason
        )
        return row["id"] is not None

    async def postpone(self, claimed: Claimed, until: datetime) -> None:
        """Give it back untried; it gives up its place among the resource's events."""
        await self._database.execute(_POSTPONE, claimed.id, claimed.attempts, until)

    async def extend(self, delivery_id: str, seconds: float) -> None:
        """Hold a delivery longer than usual."""
        await self._database.execute(_EXTEND, delivery_id, seconds)

    async def release(self, delivery_ids: list[str]) -> None:
        """Give deliveries back, so that the next process need not wait for the lease to end."""
        await self._database.execute(_RELEASE, delivery_ids)

    async def latest(self, limit: int) -> list[DeliveryState]:
        """Of the newest events, newest first."""
        return [DeliveryState(**row) for row in await self._database.fetch(_LATEST, limit)]
