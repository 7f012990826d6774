"""Authorizations, their reauthorizations, and the captures of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from farthing.payments.domain.authorization import Reauthorization
from farthing.payments.repository.events import event_values
from farthing.payments.repository.invoices import Beginning
from farthing.payments.repository.rows import (
    AUTHORIZATION,
    AUTHORIZATION_OF_A,
    AUTHORIZATION_RECORD,
    CAPTURE,
    CAPTURE_RECORD,
    REAUTHORIZATION,
    REAUTHORIZATION_RECORD,
    authorization_of,
    json_of,
    reauthorizations_of,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from farthing.kit.db import Database, Record
    from farthing.payments.domain.authorization import Authorization
    from farthing.payments.domain.capture import Capture
    from farthing.payments.domain.intent import Intent
    from farthing.payments.domain.invoices import InvoiceClaim
    from farthing.payments.metrics import Metrics
    from farthing.payments.repository.events import NewEvent

_OF_ORDER = f"SELECT {AUTHORIZATION} FROM authorizations WHERE order_id = $1 ORDER BY seq"
_NAMES = f"SELECT {REAUTHORIZATION} FROM reauthorizations WHERE authorization_id = ANY($1) ORDER BY created"
_IS_OPEN = "status IN ('CREATED', 'PARTIALLY_CAPTURED')"
_OPEN_PAGE = f"SELECT seq, {AUTHORIZATION} FROM authorizations WHERE {_IS_OPEN} AND seq > $1 ORDER BY seq LIMIT $2"
_NEXT_EXPIRY = f"SELECT min(expires) AS expires FROM authorizations WHERE {_IS_OPEN}"
_EXPIRED = f"SELECT {AUTHORIZATION} FROM authorizations WHERE {_IS_OPEN} AND expires <= $1 ORDER BY busy IS NOT NULL, expires LIMIT $2"
_GET = f"""
WITH named AS (SELECT {REAUTHORIZATION} FROM reauthorizations WHERE id = $1)
SELECT {AUTHORIZATION_OF_A}, n.id AS name, n.amount AS name_amount, n.created AS name_created
FROM authorizations a LEFT JOIN named n ON true
WHERE a.id = coalesce((SELECT authorization_id FROM named), $1)
"""
# The compare-and-set on what was judged; the twin's key is looked for so that an intent is never made twice.
_BEGIN = """
WITH held AS (
    UPDATE authorizations SET busy = $3
    WHERE id = $1 AND busy IS NULL AND version = $2 AND NOT EXISTS (SELECT 1 FROM intents WHERE id = $3) RETURNING id
), new AS (
    INSERT INTO intents (id, attempt, kind, subject, plan, fingerprint, expires)
    SELECT $3, $4, $5, $1, $6, $7, $8 FROM held RETURNING id
)
SELECT (SELECT id FROM new) AS id
"""
_MAKE = f"""
WITH made AS (
    UPDATE intents SET done = true, plan = NULL WHERE id = $1 AND attempt = $2 AND NOT done RETURNING id AS made_id
), a AS (
    INSERT INTO authorizations ({AUTHORIZATION}) SELECT {AUTHORIZATION} FROM made, json_to_recordset($3) AS n ({AUTHORIZATION_RECORD})
), e AS (
    INSERT INTO outbox (id, type, subject, data, trace, at)
    SELECT n.id, n.type, n.subject, n.data::json, $8, $9
    FROM made, unnest($4::text[], $5::text[], $6::text[], $7::text[]) AS n (id, type, subject, data)
)
SELECT (SELECT made_id FROM made) AS id
"""
_CHANGE = f"""
WITH made AS (
    UPDATE intents SET done = true, plan = NULL WHERE id = $2 AND attempt = $3 AND NOT done RETURNING id AS made_id
), a AS (
    UPDATE authorizations SET busy = NULL, version = version + 1, granted = $4, hold = $5, status = $6, updated = $7, honored_until = $8,
        captured = $9, captures = $10, closing = $11
    FROM made WHERE authorizations.id = $1
), c AS (
    INSERT INTO captures ({CAPTURE}) SELECT {CAPTURE} FROM made, json_to_recordset($12) AS n ({CAPTURE_RECORD})
), r AS (
    INSERT INTO reauthorizations ({REAUTHORIZATION})
    SELECT {REAUTHORIZATION} FROM made, json_to_recordset($13) AS n ({REAUTHORIZATION_RECORD})
), e AS (
    INSERT INTO outbox (id, type, subject, data, trace, at)
    SELECT n.id, n.type, n.subject, n.data::json, $18, $19
    FROM made, unnest($14::text[], $15::text[], $16::text[], $17::text[]) AS n (id, type, subject, data)
)
SELECT (SELECT made_id FROM made) AS id
"""


class Named(NamedTuple):
    """An authorization and the name by which it was asked for: its own, or that of a reauthorization."""

    authorization: Authorization
    reauthorization: Reauthorization | None

    @property
    def client_id(self) -> str:
        return self.authorization.client_id

    @property
    def merchant(self) -> str:
        return self.authorization.merchant

    @property
    def order_id(self) -> str:
        return self.authorization.order_id


class AuthorizationRepository:
    def __init__(self, database: Database, metrics: Metrics) -> None:
        self._database, self._metrics = database, metrics
        self._begin = Beginning(database, _BEGIN)
        self._make = database.together(_MAKE, emits=True)
        self._change = database.together(_CHANGE, emits=True)

    async def find(self, any_id: str) -> Named | None:
        """The authorization that has this id, or a reauthorization with it."""
        row = await self._database.row(_GET, any_id)
        return None if row is None else Named(authorization_of(row), _name_of(row))

    async def of_order(self, order_id: str) -> list[Authorization]:
        """The oldest first."""
        return [authorization_of(row) for row in await self._database.fetch(_OF_ORDER, order_id)]

    async def reauthorizations_of(self, authorization_ids: Sequence[str]) -> list[Reauthorization]:
        """The oldest first."""
        return reauthorizations_of(await self._database.fetch(_NAMES, authorization_ids))

    async def begin(self, authorization: Authorization, intent: Intent, claims: Collection[InvoiceClaim] = ()) -> bool:
        """Write down an intent about the authorization as it was judged; False when it has changed, or is being changed.

        Raises InvoiceTaken.
        """
        i = intent
        values = (authorization.id, authorization.version, i.id, i.attempt, i.kind, json_of(i.plan), i.fingerprint, i.expires)
        return await self._begin.begin(values, i.attempt, claims)

    async def make(self, intent: Intent, made: Sequence[Authorization], events: Sequence[NewEvent], at: datetime) -> bool:
        """Record the outcome of an intent to pay; False when a twin has."""
        row = await self._make.row(intent.id, intent.attempt, json_of(made), *event_values(events, at))
        return row["id"] is not None

    async def change(
        self,
        intent: Intent,
        changed: Authorization,
        events: Sequence[NewEvent],
        *,
        captures: Sequence[Capture] = (),
        reauthorizations: Sequence[Reauthorization] = (),
    ) -> bool:
        """Record the outcome of an intent about an authorization; False when a twin has."""
        a = changed
        state = (a.granted, a.hold, a.status, a.updated, a.honored_until, a.captured, a.captures, a.closing)
        new = (json_of(captures), json_of(reauthorizations), *event_values(events, a.updated))
        recorded = (await self._change.row(a.id, intent.id, intent.attempt, *state, *new))["id"] is not None
        for capture in captures if recorded else ():
            self._metrics.captured(capture)
        return recorded

    async def open_page(self, after: int, limit: int) -> list[tuple[int, Authorization]]:
        """Open authorizations by their sequence."""
        return [(row["seq"], authorization_of(row)) for row in await self._database.fetch(_OPEN_PAGE, after, limit)]

    async def next_expiry(self) -> datetime | None:
        row = await self._database.row(_NEXT_EXPIRY)
        return row["expires"] if row else None

    async def expired(self, now: datetime, limit: int) -> list[Authorization]:
        """Open authorizations whose validity is over; last those that are being changed, which may hold back no others."""
        return [authorization_of(row) for row in await self._database.fetch(_EXPIRED, now, limit)]


def _name_of(row: Record) -> Reauthorization | None:
    return Reauthorization(row["name"], row["id"], row["name_amount"], row["name_created"]) if row["name"] is not None else None
