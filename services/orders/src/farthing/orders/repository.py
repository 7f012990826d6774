"""All SQL of orders. What is hot is one statement for each change, shared by concurrent requests (`Database.together`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import orjson

from farthing.kit.db import Record
from farthing.kit.events import current_trace
from farthing.orders.domain.order import Order
from farthing.orders.domain.states import Intent, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from farthing.kit.db import Database

_COLUMNS: Final = (
    "o.id, o.version, o.client_id, o.creator, o.merchant, o.intent, o.status, o.document, o.context, o.funding, o.vaulted, "
    "o.created_at, o.updated_at, o.expires_at, o.payment_key, o.paying_at, o.paying_request, o.paying_print, o.before"
)
_REMEMBERED: Final = 256  # new orders: what is approved at once need not be read again
# $1 is the idempotency key in both, so that batches are sorted by what they can wait for.
_INSERT: Final = """
INSERT INTO orders (id, client_id, creator, merchant, intent, status, document, context, funding, created_at, updated_at, expires_at,
                    payment_key, paying_at, paying_request, paying_print, before)
SELECT $2, $3, $4, $5, $6, $7, $8::json, $9::json, $10::json, $11::timestamptz, $11::timestamptz, $12, $13,
    CASE WHEN $14 THEN clock_timestamp() END, CASE WHEN $14 THEN $1::text END, $15, $16::json
"""
_CREATE: Final = f"{_INSERT} WHERE $1::text IS NOT NULL RETURNING id"
_CREATE_ONCE: Final = f"""
WITH taken AS (
    INSERT INTO idempotency (key, resource, print, expires_at) VALUES ($1, $2, $15, $17)
    ON CONFLICT (key) DO UPDATE SET resource = excluded.resource, print = excluded.print, expires_at = excluded.expires_at
        WHERE idempotency.expires_at <= $11
    RETURNING key
), made AS ({_INSERT} FROM taken RETURNING id)
SELECT (SELECT id FROM made) AS id
"""
_LOAD: Final = f"SELECT {_COLUMNS} FROM (SELECT 1) AS always LEFT JOIN orders o ON o.id = $1"
_LOAD_WITH_RECORD: Final = f"""
SELECT {_COLUMNS}, r.resource, r.print FROM (SELECT 1) AS always
LEFT JOIN orders o ON o.id = $1
LEFT JOIN idempotency r ON r.key = $2 AND r.expires_at > $3
"""
_RECORD: Final = """
SELECT r.resource, r.print FROM (SELECT 1) AS always LEFT JOIN idempotency r ON r.key = $1 AND r.expires_at > $2
"""
# A change of an order as it was loaded: its version stands for all that was seen of it. The arrays have one element for each event.
_SAVE: Final = """
WITH saved AS (
    UPDATE orders SET version = version + 1, intent = $3, status = $4, document = $5::json, context = $6::json, funding = $7::json,
        updated_at = $8, expires_at = $9, paying_at = CASE WHEN $10 THEN clock_timestamp() END, paying_request = $11, paying_print = $12,
        before = $13::json
    WHERE id = $1 AND version = $2
    RETURNING id
), told AS (
    INSERT INTO outbox (id, type, subject, data, trace, at)
    SELECT e.id, e.type, saved.id, e.data::json, $17, $8 FROM saved, unnest($14::text[], $15::text[], $16::text[]) AS e (id, type, data)
)
SELECT (SELECT id FROM saved) AS id
"""
_BEGIN: Final = f"""
WITH o AS (
    UPDATE orders SET version = version + 1, paying_at = clock_timestamp(), paying_request = $2, paying_print = $3
    WHERE id = $1 AND status = 'APPROVED' AND paying_at IS NULL AND intent = $4 AND client_id = $5 AND expires_at > $6
    RETURNING id, version, client_id, creator, merchant, intent, status, document, context, funding, vaulted,
        created_at, updated_at, expires_at, payment_key, paying_at, paying_request, paying_print, before
)
SELECT {_COLUMNS} FROM (SELECT 1) AS always LEFT JOIN o ON true
"""
# The payment is made, and that is true whatever the order says meanwhile. $3: the document when it changed; $8: NULL for no event.
_COMPLETE: Final = """
WITH done AS (
    UPDATE orders SET version = version + 1, status = 'COMPLETED', document = COALESCE($3::json, document), vaulted = $4,
        updated_at = $2, paying_at = NULL, before = NULL
    WHERE id = $1 AND status <> 'COMPLETED'
    RETURNING id, paying_request, paying_print
), kept AS (
    INSERT INTO idempotency (key, resource, print, expires_at)
    SELECT paying_request, id, paying_print, $5 FROM done WHERE paying_request IS NOT NULL
    ON CONFLICT (key) DO UPDATE SET resource = excluded.resource, print = excluded.print, expires_at = excluded.expires_at
), told AS (
    INSERT INTO outbox (id, type, subject, data, trace, at) SELECT $6, $7, id, $8::json, $9, $2 FROM done WHERE $6::text IS NOT NULL
)
SELECT (SELECT id FROM done) AS id
"""
# Only the attempt that was refused: its version says whether another one, perhaps from other funding, was begun since.
_REFUSE: Final = """
UPDATE orders SET version = version + 1, paying_at = NULL, paying_request = NULL, paying_print = '', before = NULL,
    status = COALESCE($3::text, status), document = COALESCE($4::json, document),
    funding = CASE WHEN $3::text IS NULL THEN COALESCE($5::json, funding) ELSE $5::json END
WHERE id = $1 AND version = $2 AND paying_at IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Earlier:
    """What an earlier request with the same id left: the order it made or paid, and a digest of its body (strict mode)."""

    resource: str
    print: str


@dataclass(frozen=True, slots=True)
class Key:
    """The idempotency record that a request wants to leave, on the platform's clock."""

    key: str
    print: str
    expires: datetime


@dataclass(frozen=True, slots=True)
class News:
    """An event about an order: its id, type and data (JSON)."""

    id: str
    type: str
    data: bytes


class Repository:
    """Orders and the records of requests."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._create, self._create_once = database.together(_CREATE), database.together(_CREATE_ONCE)
        self._load, self._load_with_record = database.together(_LOAD), database.together(_LOAD_WITH_RECORD)
        self._record = database.together(_RECORD)
        self._save = database.together(_SAVE, emits=True)
        self._begin = database.together(_BEGIN)
        self._complete = database.together(_COMPLETE, emits=True)
        self._just_made: dict[str, Order] = {}

    async def create(self, order: Order, key: Key | None) -> bool:
        """Insert a new order; False when the key has a record already: nothing is inserted then."""
        who = (order.id, order.client_id, order.creator, order.merchant, order.intent, order.status)
        values = (*who, *_texts(order), order.created, order.expires, order.payment_key, order.paying)
        if key is None:
            await self._create.row(order.id, *values, "", None)
        elif (await self._create_once.row(key.key, *values, key.print, _text(order.before), key.expires))["id"] is None:
            return False
        if order.waits_for_payer:
            self._just_made[order.id] = order
            if len(self._just_made) > _REMEMBERED:
                del self._just_made[next(iter(self._just_made))]
        return True

    def just_made(self, order_id: str) -> Order | None:
        """An order that this process made a moment ago, as it was then, once; nobody may write into it.

        Others may have changed it since: `save` finds out by its version, and what is refused must be judged by `load`.
        """
        return self._just_made.pop(order_id, None)

    async def load(self, order_id: str) -> Order | None:
        row = await self._load.row(order_id)
        return _order(row)

    async def load_with_record(self, order_id: str, key: str, now: datetime) -> tuple[Order | None, Earlier | None]:
        """The order, and what an earlier request with this key left."""
        row = await self._load_with_record.row(order_id, key, now)
        return _order(row), _record(row)

    async def record(self, key: str, now: datetime) -> Earlier | None:
        return _record(await self._record.row(key, now))

    async def save(self, order: Order, news: Sequence[News] = ()) -> bool:
        """Write an order that was loaded and changed; False when somebody else changed it since."""
        values = (order.intent, order.status, *_texts(order), order.updated, order.expires)
        paying = (order.paying, order.paying_request, order.paying_print, _text(order.before))
        columns = [item.id for item in news], [item.type for item in news], [item.data.decode() for item in news]
        row = await self._save.row(order.id, order.version, *values, *paying, *columns, current_trace())
        if row["id"] is None:
            return False
        order.version += 1
        return True

    async def begin(self, order_id: str, key: Key | None, intent: Intent, maker: str, now: datetime) -> Order | None:
        """Record that the payment of an order that the app `maker` made begins, and answer the order; None when it cannot begin now."""
        request = (key.key, key.print) if key else (None, "")
        return _order(await self._begin.row(order_id, *request, intent, maker, now))

    async def complete(self, order: Order, now: datetime, kept_until: datetime, news: News | None, *, changed: bool) -> bool:
        """Record that the order is paid; False when that was recorded before. `changed`: its document did."""
        told = (news.id, news.type, news.data.decode()) if news else (None, None, None)
        document = _text(order.document) if changed else None
        row = await self._complete.row(order.id, now, document, order.vaulted, kept_until, *told, current_trace())
        return row["id"] is not None

    async def refuse(self, order: Order, *, declined: bool = False) -> None:
        """Record that the payment was refused: the order is as before, and one whose creation was its payment is gone with its record.

        `declined`: its funding cannot pay, which is noted there until its payer approves again.

        Nothing happens when somebody else recorded that since: who comes late must not end the next attempt.
        """
        before = order.before
        if before is not None and not before:
            await self._database.execute(
                "WITH gone AS (DELETE FROM orders WHERE id = $1 AND version = $2 AND paying_at IS NOT NULL RETURNING paying_request) "
                "DELETE FROM idempotency WHERE key IN (SELECT paying_request FROM gone)",
                order.id,
                order.version,
            )
            return
        tried = _text({**(order.funding or {}), "declined": True}) if declined else None
        back = (before["status"], _text(before["document"]), _text(before["funding"])) if before else (None, None, tried)
        await self._database.execute(_REFUSE, order.id, order.version, *back)

    async def keeps(self, token: str, merchants: Sequence[str]) -> bool:
        """Whether one of these merchants was given this token when a card was kept for it."""
        sql = "SELECT 1 AS one FROM orders WHERE vaulted = $1 AND merchant = ANY($2) LIMIT 1"
        return await self._database.row(sql, token, list(merchants)) is not None

    async def silent(self, since: timedelta, limit: int) -> list[Order]:
        """Orders whose payment was begun and not heard of for so long (real time), the last tried last."""
        rows = await self._database.fetch(
            f"SELECT {_COLUMNS} FROM orders o WHERE o.paying_at < now() - $1::interval ORDER BY o.paying_at LIMIT $2",
            since,
            limit,
        )
        return [found for row in rows if (found := _order(row)) is not None]

    async def put_last(self, order: Order, since: timedelta) -> bool:
        """Put a silent order behind all others that are: it is tried now, and again after them should that fail, by whatever.

        False when this attempt to pay it has ended since it was found.
        """
        sql = "UPDATE orders SET paying_at = clock_timestamp() - $3::interval WHERE id = $1 AND version = $2 AND paying_at IS NOT NULL"
        return await self._database.execute(sql, order.id, order.version, since) == "UPDATE 1"

    async def anyone_silent(self, since: timedelta) -> bool:
        row = await self._database.row("SELECT 1 AS one FROM orders WHERE paying_at < now() - $1::interval LIMIT 1", since)
        return row is not None

    async def next_expiry(self) -> datetime | None:
        """When the next order runs out of time."""
        row = await self._database.row(
            "SELECT min(expires_at) AS at FROM orders WHERE status <> 'COMPLETED' AND status <> 'EXPIRED' AND paying_at IS NULL"
        )
        return row["at"] if row else None

    async def overdue(self, now: datetime, limit: int) -> list[Order]:
        rows = await self._database.fetch(
            f"SELECT {_COLUMNS} FROM orders o WHERE o.status <> 'COMPLETED' AND o.status <> 'EXPIRED' AND o.paying_at IS NULL "
            "AND o.expires_at <= $1 ORDER BY o.expires_at LIMIT $2",
            now,
            limit,
        )
        return [found for row in rows if (found := _order(row)) is not None]

    async def oldest_forgettable(self) -> datetime | None:
        """When the first record, or expired order, is or was old enough to be dropped."""
        row = await self._database.row(
            "SELECT LEAST((SELECT min(expires_at) FROM idempotency), "
            "(SELECT min(expires_at) FROM orders WHERE status <> 'COMPLETED' AND status = 'EXPIRED')) AS at"
        )
        return row["at"] if row else None

    async def forget(self, now: datetime) -> int:
        """Drop them; how many."""
        expired = "DELETE FROM orders WHERE status <> 'COMPLETED' AND status = 'EXPIRED' AND expires_at <= $1"
        records = await self._database.execute("DELETE FROM idempotency WHERE expires_at <= $1", now)
        orders = await self._database.execute(expired, now)
        return int(records.split()[-1]) + int(orders.split()[-1])


def _texts(order: Order) -> tuple[str | None, str | None, str | None]:
    return _text(order.document), _text(order.context), _text(order.funding)


def _text(value: Mapping[str, Any] | None) -> str | None:
    return None if value is None else orjson.dumps(value).decode()


def _record(row: Record) -> Earlier | None:
    return Earlier(row["resource"], row["print"]) if row["resource"] is not None else None


def _order(row: Record) -> Order | None:
    if row["id"] is None:
        return None
    return Order(
        id=row["id"],
        client_id=row["client_id"],
        creator=row["creator"],
        merchant=row["merchant"],
        intent=Intent(row["intent"]),
        status=Status(row["status"]),
        document=orjson.loads(row["document"]),
        context=orjson.loads(row["context"]),
        created=row["created_at"],
        updated=row["updated_at"],
        expires=row["expires_at"],
        funding=orjson.loads(row["funding"]) if row["funding"] else None,
        vaulted=row["vaulted"],
        payment_key=row["payment_key"],
        paying=row["paying_at"] is not None,
        paying_request=row["paying_request"],
        paying_print=row["paying_print"],
        before=orjson.loads(row["before"]) if row["before"] else None,
        version=row["version"],
    )
