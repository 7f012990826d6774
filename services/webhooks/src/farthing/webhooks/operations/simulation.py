"""Sample events, signed and delivered like real ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from farthing.kit.auth import Principal
from farthing.kit.clock import Clock, real_now, wire_time
from farthing.kit.events import current_trace
from farthing.money import Ids
from farthing.webhooks.domain.event_types import EventTypes
from farthing.webhooks.domain.events import SIMULATED, event_id, transactions_of
from farthing.webhooks.domain.samples import Samples
from farthing.webhooks.domain.targets import acceptable
from farthing.webhooks.domain.webhook import Notification, Target
from farthing.webhooks.errors import ResourceIdInvalid, invalid
from farthing.webhooks.operations.documents import Document, Documents
from farthing.webhooks.operations.history import History
from farthing.webhooks.operations.requests import Simulate
from farthing.webhooks.operations.transmission import transmission_id
from farthing.webhooks.repository.events import Events
from farthing.webhooks.repository.subscriptions import Subscriptions

_LATER: Final = timedelta(days=29)


class Simulation:
    def __init__(
        self,
        events: Events,
        subscriptions: Subscriptions,
        history: History,
        documents: Documents,
        types: EventTypes,
        samples: Samples,
        clock: Clock,
        ids: Ids,
        public_url: str,
        *,
        strangers: bool,
    ) -> None:
        self._events, self._subscriptions, self._history, self._documents = events, subscriptions, history, documents
        self._types, self._samples, self._clock, self._ids = types, samples, clock, ids
        self._public_url, self._strangers = public_url, strangers
        self.stored: Callable[[], None] = lambda: None

    async def simulate(self, caller: Principal, request: Simulate) -> Document:
        """Send a sample of an event to a webhook or a URL. Raises ResourceIdInvalid, ValidationFailed."""
        webhook_id, url = await self._target(caller, request)
        notification = self._notification(caller, request)
        await self._events.store(notification, [Target(transmission_id(self._ids), webhook_id, url)], self._clock.now())
        self.stored()
        return await self._history.get(caller, notification.id)

    async def _target(self, caller: Principal, request: Simulate) -> tuple[str, str]:
        """The id that is signed, and the URL; a URL of no webhook is signed with the word that PayPal uses."""
        if request.url is None and request.webhook_id is None:
            raise invalid("/webhook_id", None, "Name a webhook, or a URL.")
        if request.url is not None and not acceptable(request.url, strangers=self._strangers):
            raise invalid("/url", request.url, "Not a valid webhook URL")
        for webhook in await self._subscriptions.of_app(caller.subject):
            if request.webhook_id == webhook.id or (request.webhook_id is None and request.url == webhook.url):
                return webhook.id, request.url or webhook.url
        if request.webhook_id is not None or request.url is None:
            raise ResourceIdInvalid(field="/webhook_id", value=request.webhook_id)
        return SIMULATED, request.url

    def _notification(self, caller: Principal, request: Simulate) -> Notification:
        if self._types.known(request.event_type) is None:
            raise invalid("/event_type", request.event_type, "Not a valid webhook event type")
        now, own = self._clock.now(), self._ids.resource()
        values = {name: self._ids.resource() for name in ("order", "parent")} | {"id": own, "payer": self._ids.account()}
        values |= {"now": wire_time(now), "later": wire_time(now + _LATER), "today": now.date().isoformat()}
        values |= {"merchant": caller.account, "api": self._public_url}
        sample = self._samples.make(request.event_type, request.resource_version, values)
        if sample is None:
            raise invalid("/resource_version", request.resource_version, "This event has no resource of this version.")
        told = event_id(own, caller.subject)
        content = {"resource_type": sample.resource_type, "resource_version": sample.version, "resource": sample.resource}
        content["summary"] = self._documents.summary(request.event_type)
        body = self._documents.notification(told, request.event_type, now, content)
        found = tuple(transactions_of(sample.resource))
        return Notification(told, caller.subject, request.event_type, found, body, now, own, current_trace(), real_now())
