"""Apps look at what they were told, and have it sent again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl, urlencode

from farthing.kit.auth import Principal
from farthing.kit.clock import Clock
from farthing.money import Ids
from farthing.webhooks.domain.events import NUL, SIMULATED
from farthing.webhooks.domain.webhook import Target
from farthing.webhooks.errors import ResourceIdInvalid, invalid
from farthing.webhooks.operations.documents import Document, Documents
from farthing.webhooks.operations.requests import Resend
from farthing.webhooks.operations.transmission import transmission_id
from farthing.webhooks.repository.events import Events, StoredEvent, Transmission, Wanted
from farthing.webhooks.repository.subscriptions import Subscriptions

KEPT: Final = timedelta(days=30)  # on the platform's clock
_PAGE: Final = 10
_LARGEST_PAGE: Final = 300


class History:
    def __init__(self, events: Events, subscriptions: Subscriptions, documents: Documents, clock: Clock, ids: Ids) -> None:
        self._events, self._subscriptions, self._documents = events, subscriptions, documents
        self._clock, self._ids = clock, ids
        self.stored: Callable[[], None] = lambda: None

    async def page(self, caller: Principal, query: str) -> Document:
        """The newest first, with the links to the pages beside. Raises ValidationFailed."""
        asked = dict(parse_qsl(query))
        for name, value in asked.items():
            if NUL in value:
                raise invalid(name, None, "The value contains a NUL character.", location="query")
        wanted = _wanted(caller.subject, asked)
        found = await self._events.page(replace(wanted, size=wanted.size + 1))
        backwards = wanted.newer is not None
        more = len(found) > wanted.size
        shown = (found[-wanted.size :] if backwards else found[: wanted.size]) if more else found
        transmissions = await self._events.transmissions([event.id for event in shown])
        documents = [self._documents.event(event, transmissions[event.id]) for event in shown]
        return self._documents.event_list(documents, _pages(asked, wanted, shown, more=more))

    async def get(self, caller: Principal, event_id: str) -> Document:
        """With every delivery and attempt. Raises ResourceIdInvalid."""
        stored = await self._stored(caller, event_id)
        return self._documents.event(stored, (await self._events.transmissions([event_id]))[event_id])

    async def resend(self, caller: Principal, event_id: str, request: Resend | None) -> Document:
        """Send it again to these webhooks, or to all that it went to before. Raises ResourceIdInvalid."""
        await self._stored(caller, event_id)
        before = (await self._events.transmissions([event_id]))[event_id]
        targets = await self._targets(caller, before, request.webhook_ids if request else None)
        subject = before[0].subject if before else event_id
        await self._events.send(event_id, caller.subject, subject, targets, self._clock.now())
        self.stored()
        return await self.get(caller, event_id)

    async def next_to_forget(self) -> datetime | None:
        oldest = await self._events.oldest()
        return None if oldest is None else oldest + KEPT

    async def forget(self) -> int:
        """Drop what is 30 days old."""
        return await self._events.forget(self._clock.now() - KEPT)

    async def _stored(self, caller: Principal, event_id: str) -> StoredEvent:
        stored = await self._events.get(caller.subject, event_id)
        if stored is None:
            raise ResourceIdInvalid
        return stored

    async def _targets(self, caller: Principal, before: list[Transmission], webhook_ids: list[str] | None) -> list[Target]:
        webhooks = {webhook.id: webhook for webhook in await self._subscriptions.of_app(caller.subject)}
        if webhook_ids:
            unknown = next((one for one in webhook_ids if one not in webhooks), None)
            if unknown is not None:
                raise ResourceIdInvalid(field="/webhook_ids", value=unknown)
            chosen = {one: webhooks[one].url for one in webhook_ids}
        else:
            chosen = {one.webhook_id: webhooks[one.webhook_id].url for one in before if one.webhook_id in webhooks}
            simulated = next((one.url for one in before if one.webhook_id == SIMULATED), None)
            chosen |= {SIMULATED: simulated} if simulated else {}
        return [Target(transmission_id(self._ids), webhook_id, url) for webhook_id, url in chosen.items()]


def _wanted(client_id: str, asked: dict[str, str]) -> Wanted:
    return Wanted(
        client_id,
        size=_number(asked, "page_size", 1, _LARGEST_PAGE) or _PAGE,
        start=_moment(asked, "start_time"),
        end=_moment(asked, "end_time"),
        transaction=asked.get("transaction_id"),
        type=asked.get("event_type"),
        older=_number(asked, "older", 1, 2**63 - 1),
        newer=_number(asked, "newer", 1, 2**63 - 1),
    )


def _number(asked: dict[str, str], name: str, least: int, most: int) -> int | None:
    value = asked.get(name)
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and len(value) < 20 and least <= int(value) <= most):
        raise invalid(name, value, f"Use a whole number from {least} to {most}.", location="query")
    return int(value)


def _moment(asked: dict[str, str], name: str) -> datetime | None:
    value = asked.get(name)
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value.replace(" ", "+"))  # a plus sign that nobody escaped
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise invalid(name, value, "Use a date and time of RFC 3339.", location="query") from None


def _pages(asked: dict[str, str], wanted: Wanted, shown: list[StoredEvent], *, more: bool) -> dict[str, str]:
    """Queries of the page itself and of those beside it."""
    kept = {name: value for name, value in asked.items() if name not in {"older", "newer"}}
    pages = {"self": urlencode(asked)}
    backwards = wanted.newer is not None
    if shown and (more or backwards):
        pages["next"] = urlencode({**kept, "older": shown[-1].seq})
    if shown and (wanted.older is not None or (backwards and more)):
        pages["prev"] = urlencode({**kept, "newer": shown[0].seq})
    return pages
