"""Intents: what is being made, and what was made under which key."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from farthing.payments.repository.invoices import Beginning
from farthing.payments.repository.rows import intent_of, json_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from farthing.kit.db import Database
    from farthing.payments.domain.intent import Intent
    from farthing.payments.domain.invoices import InvoiceClaim

_COLUMNS = "id, attempt, kind, subject, plan, fingerprint, expires, done"
_FIND = f"SELECT {_COLUMNS} FROM intents WHERE id = $1"
_OPEN_ONES = f"SELECT {_COLUMNS} FROM intents WHERE NOT done ORDER BY started"
_OPEN = """
WITH new AS (
    INSERT INTO intents (id, attempt, kind, subject, plan, fingerprint, expires) VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (id) DO NOTHING RETURNING id
)
SELECT (SELECT id FROM new) AS id
"""
_SHARE = f"UPDATE intents SET shared = true WHERE id = $1 AND NOT done RETURNING {_COLUMNS}"
_WITHDRAW = """
WITH gone AS (
    DELETE FROM intents WHERE id = $1 AND attempt = $2 AND NOT done AND (NOT shared OR $4) RETURNING id
), a AS (
    UPDATE authorizations SET busy = NULL FROM gone WHERE authorizations.id = $3 AND busy = gone.id
), c AS (
    UPDATE captures SET busy = NULL FROM gone WHERE captures.id = $3 AND busy = gone.id
), i AS (
    DELETE FROM invoices USING gone WHERE invoices.attempt = $2
)
SELECT (SELECT id FROM gone) AS id
"""
_FREE = "DELETE FROM invoices WHERE attempt = $1"
_FIRST_EXPIRY = "SELECT min(expires) AS expires FROM intents WHERE expires IS NOT NULL"
_FORGET_EXPIRED = "DELETE FROM intents WHERE done AND expires <= $1"
_FORGET = "DELETE FROM intents WHERE id = $1 AND done AND expires <= $2"
# An intent is left alone for a while: whoever opened it is probably still at work.
_STALE = """
SELECT started, id FROM intents
WHERE NOT done AND started < now() - make_interval(secs => $1) AND (started, id) > ($2, $3) ORDER BY started, id LIMIT $4
"""


class Place(NamedTuple):
    """Where an intent stands among all of them."""

    started: datetime
    intent_id: str


FIRST: Final = Place(datetime.min.replace(tzinfo=UTC), "")


class IntentRepository:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._open = Beginning(database, _OPEN)

    async def open(self, intent: Intent, claims: Collection[InvoiceClaim] = ()) -> bool:
        """Write an intent down; False when there is one with this id. Raises InvoiceTaken."""
        i = intent
        values = (i.id, i.attempt, i.kind, i.subject, json_of(i.plan), i.fingerprint, i.expires)
        return await self._open.begin(values, i.attempt, claims)

    async def find(self, intent_id: str) -> Intent | None:
        row = await self._database.row(_FIND, intent_id)
        return None if row is None else intent_of(row)

    async def share(self, intent_id: str) -> Intent | None:
        """Read an open intent to carry it out beside whoever opened it: from now on it is not withdrawn without asking the books."""
        row = await self._database.row(_SHARE, intent_id)
        return None if row is None else intent_of(row)

    async def withdraw(self, intent: Intent, *, even_if_shared: bool) -> bool:
        """Delete a refused intent, as if it had never been; False when it is done, gone or (unless told otherwise) shared."""
        row = await self._database.row(_WITHDRAW, intent.id, intent.attempt, intent.subject, even_if_shared)
        return row is not None and row["id"] is not None

    async def free_invoices(self, attempt: str) -> None:
        """What a card's bank refuses has used none. Withdrawing frees them by itself."""
        await self._database.execute(_FREE, attempt)

    async def stale(self, seconds: int, limit: int, after: Place = FIRST) -> list[Place]:
        """Open intents that were begun so long ago that whoever began them is gone, the oldest first."""
        return [Place(row["started"], row["id"]) for row in await self._database.fetch(_STALE, seconds, *after, limit)]

    async def open_ones(self) -> list[Intent]:
        return [intent_of(row) for row in await self._database.fetch(_OPEN_ONES)]

    async def first_expiry(self) -> datetime | None:
        """When the first record of a request id expires."""
        row = await self._database.row(_FIRST_EXPIRY)
        return row["expires"] if row else None

    async def forget_expired(self, now: datetime) -> int:
        """Forget request ids that are kept no longer."""
        return _count(await self._database.execute(_FORGET_EXPIRED, now))

    async def forget(self, intent_id: str, now: datetime) -> None:
        """Forget one request id if it is kept no longer."""
        await self._database.execute(_FORGET, intent_id, now)


def _count(tag: str) -> int:
    return int(tag.rsplit(" ", 1)[-1])
