"""Webhooks and lookups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from farthing.kit.db import Connection, Database
from farthing.webhooks.domain.targets import lane_of
from farthing.webhooks.domain.webhook import MOST, Lookup, Webhook
from farthing.webhooks.errors import ResourceIdInvalid, WebhookNumberLimitExceeded, WebhookUrlAlreadyExists

# Changes of one app's webhooks come one after another: their number and their URLs are checked among each other.
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
_OF_APP: Final = "SELECT id, client_id, account_id, url, event_types FROM webhooks WHERE client_id = $1 ORDER BY seq"
_OF_ACCOUNT: Final = "SELECT id, client_id, account_id, url, event_types FROM webhooks WHERE account_id = $1 ORDER BY seq"
_ADD: Final = "INSERT INTO webhooks (id, client_id, account_id, url, event_types) VALUES ($1, $2, $3, $4, $5)"
_CHANGE: Final = "UPDATE webhooks SET url = $2, event_types = $3 WHERE id = $1"
_REDIRECT: Final = "UPDATE deliveries SET url = $2, lane = $3 WHERE webhook_id = $1 AND status = 'PENDING'"
_REMOVE: Final = "DELETE FROM webhooks WHERE client_id = $1 AND id = $2"
_GIVE_UP: Final = """
UPDATE deliveries SET status = 'FAILURE', leased_until = NULL, first_in_order = false WHERE webhook_id = $1 AND status = 'PENDING'
"""
_WANTED: Final = """
SELECT w.client_id, NULL::text AS account_id, w.id, w.url, w.event_types, w.account_id AS owner
FROM webhooks w WHERE w.client_id = ANY ($1::text[])
UNION ALL
SELECT w.client_id, l.account_id, w.id, w.url, w.event_types, w.account_id AS owner
FROM lookups l JOIN webhooks w ON w.client_id = l.client_id WHERE l.account_id = ANY ($2::text[])
"""
_LOOK_UP: Final = """
INSERT INTO lookups (id, client_id, account_id) VALUES ($1, $2, $3)
ON CONFLICT (client_id) DO UPDATE SET account_id = excluded.account_id
RETURNING id, client_id, account_id
"""
_LOOKUPS: Final = "SELECT id, client_id, account_id FROM lookups WHERE client_id = $1"
_REMOVE_LOOKUP: Final = "DELETE FROM lookups WHERE client_id = $1 AND id = $2"

ByOwner = Mapping[str, list[Webhook]]


class Subscriptions:
    """Who wants to be told what."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, webhook: Webhook) -> None:
        """Raises WebhookUrlAlreadyExists, WebhookNumberLimitExceeded."""
        async with self._changing(webhook.client_id) as (connection, present):
            if any(other.url == webhook.url for other in present):
                raise WebhookUrlAlreadyExists(field="/url", value=webhook.url)
            if len(present) >= MOST:
                raise WebhookNumberLimitExceeded
            await connection.execute(_ADD, webhook.id, webhook.client_id, webhook.account_id, webhook.url, list(webhook.event_types))

    async def change(self, client_id: str, webhook_id: str, apply: Callable[[Webhook], Webhook]) -> Webhook:
        """Change as `apply` says; what waits for the webhook goes to its new URL. Raises ResourceIdInvalid, WebhookUrlAlreadyExists."""
        async with self._changing(client_id) as (connection, present):
            webhook = apply(_find(present, webhook_id))
            if any(other.url == webhook.url and other.id != webhook_id for other in present):
                raise WebhookUrlAlreadyExists(field="/url", value=webhook.url)
            await connection.execute(_CHANGE, webhook.id, webhook.url, list(webhook.event_types))
            await connection.execute(_REDIRECT, webhook.id, webhook.url, lane_of(webhook.url))
        return webhook

    async def remove(self, client_id: str, webhook_id: str) -> None:
        """Drop a webhook. What waits for it has failed, and stays on record with its attempts. Raises ResourceIdInvalid."""
        async with self._changing(client_id) as (connection, present):
            await connection.execute(_REMOVE, client_id, _find(present, webhook_id).id)
            await connection.execute(_GIVE_UP, webhook_id)

    async def get(self, client_id: str, webhook_id: str) -> Webhook:
        """Raises ResourceIdInvalid."""
        return _find(await self.of_app(client_id), webhook_id)

    async def of_app(self, client_id: str) -> list[Webhook]:
        """In the order in which they were made."""
        return [_webhook(row) for row in await self._database.fetch(_OF_APP, client_id)]

    async def of_account(self, account_id: str) -> list[Webhook]:
        """Of all apps of an account, in the order in which they were made."""
        return [_webhook(row) for row in await self._database.fetch(_OF_ACCOUNT, account_id)]

    async def wanted(self, clients: Collection[str], accounts: Collection[str]) -> tuple[ByOwner, ByOwner]:
        """Webhooks of these apps, and webhooks of the apps that look up these accounts: one round trip for many events."""
        of_clients, of_accounts = defaultdict(list), defaultdict(list)
        for row in await self._database.fetch(_WANTED, list(clients), list(accounts)):
            webhook = Webhook(row["id"], row["client_id"], row["owner"], row["url"], tuple(row["event_types"]))
            if row["account_id"] is None:
                of_clients[webhook.client_id].append(webhook)
            else:
                of_accounts[row["account_id"]].append(webhook)
        return of_clients, of_accounts

    async def look_up(self, lookup: Lookup) -> Lookup:
        """Store a lookup, one for each app: the present one when there is one."""
        row = await self._database.row(_LOOK_UP, lookup.id, lookup.client_id, lookup.account_id)
        return lookup if row is None else Lookup(row["id"], row["client_id"], row["account_id"])

    async def lookups(self, client_id: str) -> list[Lookup]:
        return [Lookup(row["id"], row["client_id"], row["account_id"]) for row in await self._database.fetch(_LOOKUPS, client_id)]

    async def remove_lookup(self, client_id: str, lookup_id: str) -> None:
        """Raises ResourceIdInvalid."""
        if await self._database.execute(_REMOVE_LOOKUP, client_id, lookup_id) == "DELETE 0":
            raise ResourceIdInvalid

    @asynccontextmanager
    async def _changing(self, client_id: str) -> AsyncIterator[tuple[Connection, list[Webhook]]]:
        async with self._database.transaction() as connection:
            await connection.execute(_LOCK, f"webhooks.{client_id}")
            yield connection, [_webhook(row) for row in await connection.fetch(_OF_APP, client_id)]


def _find(webhooks: list[Webhook], webhook_id: str) -> Webhook:
    found = next((webhook for webhook in webhooks if webhook.id == webhook_id), None)
    if found is None:
        raise ResourceIdInvalid
    return found


def _webhook(row: Any) -> Webhook:  # noqa: ANN401 - a record of the driver, which only kit.db imports
    return Webhook(row["id"], row["client_id"], row["account_id"], row["url"], tuple(row["event_types"]))
