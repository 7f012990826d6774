"""Captures and their refunds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from farthing.payments.repository.events import event_values
from farthing.payments.repository.invoices import Beginning
from farthing.payments.repository.rows import (
    CAPTURE,
    CAPTURE_RECORD,
    REFUND,
    REFUND_RECORD,
    capture_of,
    capture_of_json,
    json_of,
    refund_of,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from farthing.kit.db import Database
    from farthing.payments.domain.capture import Capture, Refund
    from farthing.payments.domain.intent import Intent
    from farthing.payments.domain.invoices import InvoiceClaim
    from farthing.payments.metrics import Metrics
    from farthing.payments.repository.events import NewEvent

_FIND = f"SELECT {CAPTURE} FROM captures WHERE id = $1"
_FIND_REFUND = f"SELECT {REFUND} FROM refunds WHERE id = $1"
_REFUNDS_OF_ORDER = f"SELECT {REFUND} FROM refunds WHERE order_id = $1 ORDER BY seq"
_PAGE = f"SELECT seq, {CAPTURE} FROM captures WHERE seq > $1 ORDER BY seq LIMIT $2"
_REFUND_PAGE = f"SELECT seq, {REFUND} FROM refunds WHERE seq > $1 ORDER BY seq LIMIT $2"
_OF_ORDER = f"""
SELECT (SELECT coalesce(json_agg(c), '[]') FROM (SELECT {CAPTURE} FROM captures WHERE order_id = $1 ORDER BY seq) AS c)::text AS captures
"""
_MAKE = f"""
WITH made AS (
    UPDATE intents SET done = true, plan = NULL WHERE id = $1 AND attempt = $2 AND NOT done RETURNING id AS made_id
), c AS (
    INSERT INTO captures ({CAPTURE}) SELECT {CAPTURE} FROM made, json_to_recordset($3) AS n ({CAPTURE_RECORD})
), e AS (
    INSERT INTO outbox (id, type, subject, data, trace, at)
    SELECT n.id, n.type, n.subject, n.data::json, $8, $9
    FROM made, unnest($4::text[], $5::text[], $6::text[], $7::text[]) AS n (id, type, subject, data)
)
SELECT (SELECT made_id FROM made) AS id
"""
_BEGIN = """
WITH held AS (
    UPDATE captures SET busy = $3
    WHERE id = $1 AND busy IS NULL AND version = $2 AND NOT EXISTS (SELECT 1 FROM intents WHERE id = $3) RETURNING id
), new AS (
    INSERT INTO intents (id, attempt, kind, subject, plan, fingerprint, expires)
    SELECT $3, $4, $5, $1, $6, $7, $8 FROM held RETURNING id
)
SELECT (SELECT id FROM new) AS id
"""
_REFUND = f"""
WITH made AS (
    UPDATE intents SET done = true, plan = NULL WHERE id = $2 AND attempt = $3 AND NOT done RETURNING id AS made_id
), c AS (
    UPDATE captures SET busy = NULL, version = version + 1, status = $4, updated = $5, refunded = $6, refunds = $7, platform_refunded = $8
    FROM made WHERE captures.id = $1
), r AS (
    INSERT INTO refunds ({REFUND}) SELECT {REFUND} FROM made, json_to_recordset($9) AS n ({REFUND_RECORD})
), e AS (
    INSERT INTO outbox (id, type, subject, data, trace, at)
    SELECT n.id, n.type, n.subject, n.data::json, $14, $15
    FROM made, unnest($10::text[], $11::text[], $12::text[], $13::text[]) AS n (id, type, subject, data)
)
SELECT (SELECT made_id FROM made) AS id
"""


class CaptureRepository:
    def __init__(self, database: Database, metrics: Metrics) -> None:
        self._database, self._metrics = database, metrics
        self._make, self._of_order = database.together(_MAKE, emits=True), database.together(_OF_ORDER)
        self._begin = Beginning(database, _BEGIN)
        self._refund = database.together(_REFUND, emits=True)

    async def make(self, intent: Intent, made: Sequence[Capture], events: Sequence[NewEvent], at: datetime) -> bool:
        """Record the outcome of an intent to pay; False when a twin has."""
        row = await self._make.row(intent.id, intent.attempt, json_of(made), *event_values(events, at))
        recorded = row["id"] is not None
        for capture in made if recorded else ():
            self._metrics.captured(capture)
        return recorded

    async def find(self, capture_id: str) -> Capture | None:
        row = await self._database.row(_FIND, capture_id)
        return None if row is None else capture_of(row)

    async def find_refund(self, refund_id: str) -> Refund | None:
        row = await self._database.row(_FIND_REFUND, refund_id)
        return None if row is None else refund_of(row)

    async def of_order(self, order_id: str) -> list[Capture]:
        """The oldest first."""
        return [capture_of_json(found) for found in orjson.loads((await self._of_order.row(order_id))["captures"])]

    async def refunds_of_order(self, order_id: str) -> list[Refund]:
        """The oldest first."""
        return [refund_of(row) for row in await self._database.fetch(_REFUNDS_OF_ORDER, order_id)]

    async def begin(self, capture: Capture, intent: Intent, claims: Collection[InvoiceClaim] = ()) -> bool:
        """Write down an intent about the capture as it was judged; False when it has changed, or is being changed.

        Raises InvoiceTaken.
        """
        i = intent
        values = (capture.id, capture.version, i.id, i.attempt, i.kind, json_of(i.plan), i.fingerprint, i.expires)
        return await self._begin.begin(values, i.attempt, claims)

    async def refund(self, intent: Intent, changed: Capture, refund: Refund, events: Sequence[NewEvent]) -> bool:
        """Record the outcome of an intent to refund; False when a twin has."""
        c = changed
        state = (c.status, c.updated, c.refunded, c.refunds, c.platform_refunded)
        row = await self._refund.row(c.id, intent.id, intent.attempt, *state, json_of([refund]), *event_values(events, refund.updated))
        recorded = row["id"] is not None
        if recorded:
            self._metrics.refunded(refund)
        return recorded

    async def page(self, after: int, limit: int) -> list[tuple[int, Capture]]:
        """By their sequence."""
        return [(row["seq"], capture_of(row)) for row in await self._database.fetch(_PAGE, after, limit)]

    async def refund_page(self, after: int, limit: int) -> list[tuple[int, Refund]]:
        """By their sequence."""
        return [(row["seq"], refund_of(row)) for row in await self._database.fetch(_REFUND_PAGE, after, limit)]
