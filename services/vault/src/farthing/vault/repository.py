"""All SQL of vault."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from farthing.kit.db import one

if TYPE_CHECKING:
    from farthing.kit.db import Database, Record

_SHOWN = "token, fingerprint, brand, last_digits, expiry, scenario, customer_id, created"

_WALLET = "token, account_id, card, customer_id, created"


class Row(NamedTuple):
    """A card to store."""

    key: str
    token: str
    fingerprint: str
    sealed: bytes
    brand: str
    last_digits: str
    expiry: str
    scenario: str
    customer_id: str | None
    created: datetime


class Repository:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._store = database.together(
            f"""
            WITH new AS (
                INSERT INTO cards (key, token, fingerprint, sealed, brand, last_digits, expiry, scenario, customer_id, created)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
                ON CONFLICT (key) DO NOTHING RETURNING {_SHOWN}
            )
            SELECT {_SHOWN} FROM new
            UNION ALL SELECT {_SHOWN} FROM cards WHERE key = $1
            UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
            LIMIT 1
            """
        )

    async def store(self, row: Row) -> Record:
        """Insert, or answer the row that has this key already."""
        found = await self._store.row(*row)
        if found["token"] is None:  # another process inserted the key meanwhile: its row is visible to the next statement
            return one(await self._database.row(f"SELECT {_SHOWN} FROM cards WHERE key = $1", row.key))
        return found

    async def get(self, token: str) -> Record | None:
        return await self._database.row(f"SELECT {_SHOWN} FROM cards WHERE token = $1", token)

    async def of_customer(self, customer_id: str) -> list[Record]:
        return await self._database.fetch(f"SELECT {_SHOWN} FROM cards WHERE customer_id = $1 ORDER BY created DESC", customer_id)

    async def keep(self, key: str, token: str, account_id: str, card: str | None, customer_id: str, created: datetime) -> Record:
        """Insert, or change what pays for the row that has this key already."""
        sql = f"""
            INSERT INTO wallets (key, token, account_id, card, customer_id, created) VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (key) DO UPDATE SET card = excluded.card RETURNING {_WALLET}
        """
        return one(await self._database.row(sql, key, token, account_id, card, customer_id, created))

    async def wallet(self, token: str) -> Record | None:
        return await self._database.row(f"SELECT {_WALLET} FROM wallets WHERE token = $1", token)

    async def delete(self, token: str) -> bool:
        return await self._database.execute("DELETE FROM cards WHERE token = $1", token) == "DELETE 1"

    async def sandbox_key(self, fresh: bytes) -> bytes:
        """The sandbox's own key; `fresh` becomes it when there is none yet."""
        await self._database.execute("INSERT INTO sandbox_keys (id, secret) VALUES (1, $1) ON CONFLICT DO NOTHING", fresh)
        return bytes(one(await self._database.row("SELECT secret FROM sandbox_keys WHERE id = 1"))["secret"])
