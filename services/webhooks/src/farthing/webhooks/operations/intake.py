"""What orders and payments say becomes what apps are told."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from farthing.kit.clock import Clock
from farthing.kit.events import Event, current_trace
from farthing.money import Ids
from farthing.webhooks.domain.event_types import wants
from farthing.webhooks.domain.events import event_id, transactions_of
from farthing.webhooks.domain.webhook import Notification, Target, Webhook
from farthing.webhooks.operations.documents import Documents
from farthing.webhooks.operations.transmission import transmission_id
from farthing.webhooks.repository.events import Events
from farthing.webhooks.repository.subscriptions import ByOwner, Subscriptions


@dataclass(slots=True)
class _Question:
    clients: set[str] = field(default_factory=set)
    accounts: set[str] = field(default_factory=set)
    waiting: list[asyncio.Future[tuple[ByOwner, ByOwner]]] = field(default_factory=list)


class Subscribers:
    """Finds who wants an event. All that ask in one round of the event loop share one statement: nothing is cached, nobody is missed."""

    def __init__(self, subscriptions: Subscriptions) -> None:
        self._subscriptions = subscriptions
        self._open: _Question | None = None
        self._looking: set[asyncio.Task[None]] = set()

    async def of(self, event_type: str, client_id: str | None, account_id: str | None) -> list[Webhook]:
        """Webhooks of the app that caused it, and of apps that look up the account it happened to."""
        of_clients, of_accounts = await self._ask(client_id, account_id)
        found = [*of_clients.get(client_id or "", ()), *of_accounts.get(account_id or "", ())]
        once = {webhook.id: webhook for webhook in found}
        return [webhook for webhook in once.values() if wants(frozenset(webhook.event_types), event_type)]

    def _ask(self, client_id: str | None, account_id: str | None) -> asyncio.Future[tuple[ByOwner, ByOwner]]:
        loop, question = asyncio.get_running_loop(), self._open
        if question is None:
            question = self._open = _Question()
            task = loop.create_task(self._look(question), context=contextvars.Context())
            self._looking.add(task)
            task.add_done_callback(self._looking.discard)
        question.clients.update(filter(None, [client_id]))
        question.accounts.update(filter(None, [account_id]))
        answer: asyncio.Future[tuple[ByOwner, ByOwner]] = loop.create_future()
        question.waiting.append(answer)  # one each: who is cancelled disturbs nobody
        return answer

    async def _look(self, question: _Question) -> None:
        self._open = None
        try:
            found = await self._subscriptions.wanted(question.clients, question.accounts)
        except Exception as error:  # noqa: BLE001 - handed to those who asked
            for answer in question.waiting:
                if not answer.done():
                    answer.set_exception(error)
            return
        for answer in question.waiting:
            if not answer.done():
                answer.set_result(found)


class Intake:
    """Keeps an event for each app that wants it, with one delivery for each of its webhooks; an event that nobody wants is not kept."""

    def __init__(self, subscribers: Subscribers, events: Events, documents: Documents, clock: Clock, ids: Ids) -> None:
        self._subscribers, self._events, self._documents = subscribers, events, documents
        self._clock, self._ids = clock, ids
        self.stored: Callable[[], None] = lambda: None

    async def receive(self, event: Event) -> None:
        """Bears the same event twice. Its data: client_id, account_id, resource_type, resource_version, summary, resource, about."""
        data = orjson.loads(event.data)
        webhooks = await self._subscribers.of(event.type, data.get("client_id"), data.get("account_id"))
        of_apps: dict[str, list[Webhook]] = {}
        for webhook in webhooks:
            of_apps.setdefault(webhook.client_id, []).append(webhook)
        for client_id, wanted in of_apps.items():
            await self._tell(event, data, client_id, wanted)

    async def _tell(self, event: Event, data: dict[str, Any], client_id: str, webhooks: list[Webhook]) -> None:
        told = event_id(event.id, client_id)
        body = self._documents.notification(told, event.type, event.at, data)
        transactions = tuple(transactions_of(data["resource"]))
        cause = (event.at, event.subject, current_trace(), event.recorded)
        notification = Notification(told, client_id, event.type, transactions, body, *cause, data.get("about") or {})
        targets = [Target(transmission_id(self._ids), webhook.id, webhook.url) for webhook in webhooks]
        if await self._events.store(notification, targets, self._clock.now()):
            self.stored()
