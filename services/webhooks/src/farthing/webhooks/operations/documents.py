"""What goes over the wire: webhooks, notifications, their history. Links are absolute, from the public URL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import orjson

from farthing.kit.clock import wire_time
from farthing.webhooks.domain.event_types import ALL, EventType, EventTypes
from farthing.webhooks.domain.events import EVENT_VERSION
from farthing.webhooks.domain.schedule import Status
from farthing.webhooks.domain.webhook import Lookup, Webhook
from farthing.webhooks.repository.events import Attempt, StoredEvent, Transmission

Document = dict[str, Any]
_ROOT: Final = "/v1/notifications"


class Documents:
    def __init__(self, types: EventTypes, public_url: str) -> None:
        self._types, self._root = types, f"{public_url}{_ROOT}"

    def webhook(self, webhook: Webhook) -> Document:
        here = f"{self._root}/webhooks/{webhook.id}"
        links = [_link(here, "self", "GET"), _link(here, "update", "PATCH"), _link(here, "delete", "DELETE")]
        return {"id": webhook.id, "url": webhook.url, "event_types": self.event_types(webhook.event_types), "links": links}

    def event_types(self, names: Iterable[str] | None = None) -> list[Document]:
        """The named ones, or all that can be subscribed to."""
        if names is None:
            return [_event_type(one) for one in self._types.all()]
        return [self._named(name) for name in names]

    def lookup(self, lookup: Lookup) -> Document:
        here = f"{self._root}/webhooks-lookup/{lookup.id}"
        return {"id": lookup.id, "client_id": lookup.client_id, "links": [_link(here, "self", "GET"), _link(here, "delete", "DELETE")]}

    def certificate_url(self, certificate_id: str) -> str:
        return f"{self._root}/certs/{certificate_id}"

    def notification(self, event_id: str, event_type: str, at: datetime, told: Mapping[str, Any]) -> str:
        """What is sent, as text: from now on only these bytes count. `told` has resource_type, resource_version, summary, resource."""
        document = {
            "id": event_id,
            "event_version": EVENT_VERSION,
            "create_time": wire_time(at),
            "resource_type": told["resource_type"],
            "resource_version": told["resource_version"],
            "event_type": event_type,
            "summary": told["summary"],
            "resource": told["resource"],
            "links": self._event_links(event_id),
        }
        return orjson.dumps(document).decode()

    def event(self, stored: StoredEvent, transmissions: Sequence[Transmission]) -> Document:
        """The notification with its deliveries: PayPal's fields for each, and beyond them every attempt."""
        document: Document = orjson.loads(stored.body)
        links = document.pop("links")
        shown = [_transmission(one) for one in transmissions]
        return {**document, "status": _overall(transmissions), "transmissions": shown, "links": links}

    def event_list(self, events: list[Document], pages: Mapping[str, str]) -> Document:
        """`pages`: query by relation (self, next, prev)."""
        links = [_link(f"{self._root}/webhooks-events?{query}", relation, "GET") for relation, query in pages.items()]
        return {"events": events, "count": len(events), "links": links}

    def summary(self, event_type: str) -> str:
        known = self._types.known(event_type)
        return known.description if known else event_type

    def _named(self, name: str) -> Document:
        known = self._types.known(name)
        if known is None:
            return {"name": name, "description": "All events" if name == ALL else name}
        return _event_type(known)

    def _event_links(self, event_id: str) -> list[Document]:
        here = f"{self._root}/webhooks-events/{event_id}"
        return [_link(here, "self", "GET"), _link(f"{here}/resend", "resend", "POST")]


def _event_type(one: EventType) -> Document:
    return {"name": one.name, "description": one.description, "status": "ENABLED", "resource_versions": [one.resource_version]}


def _transmission(one: Transmission) -> Document:
    last = one.attempts[-1] if one.attempts else None
    document: Document = {
        "webhook_id": one.webhook_id,
        "webhook_url": one.url,
        "transmission_id": one.id,
        "status": one.status,
        **(_tried(last) if last else {}),
        "attempts": [{"number": attempt.number, **_tried(attempt)} for attempt in one.attempts],
    }
    if one.status == Status.PENDING:
        document["next_attempt_time"] = wire_time(one.next_at)
    return document


def _tried(attempt: Attempt) -> Document:
    status = {} if attempt.http_status is None else {"http_status": attempt.http_status}
    return {**status, "reason_phrase": attempt.reason, "timestamp": wire_time(attempt.at)}


def _overall(transmissions: Sequence[Transmission]) -> str:
    """Pending while anything is; a failure as soon as one webhook's latest delivery failed; a success only when all were delivered."""
    latest = {one.url: one.status for one in transmissions}
    found = set(latest.values()) or {Status.FAILURE}
    return next(status for status in (Status.PENDING, Status.FAILURE, Status.SUCCESS) if status in found)


def _link(href: str, relation: str, method: str) -> Document:
    return {"href": href, "rel": relation, "method": method}
