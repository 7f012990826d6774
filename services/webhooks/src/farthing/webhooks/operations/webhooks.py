"""Apps manage their webhooks and lookups."""

from __future__ import annotations

from dataclasses import replace

from pydantic import ConfigDict, TypeAdapter, ValidationError

from farthing.kit.auth import Principal
from farthing.money import Ids
from farthing.webhooks.domain.event_types import EventTypes, subscription
from farthing.webhooks.domain.targets import acceptable
from farthing.webhooks.domain.webhook import Lookup, Webhook
from farthing.webhooks.errors import ResourceIdInvalid, WebhookPatchRequestNoChange, invalid
from farthing.webhooks.operations.documents import Document, Documents
from farthing.webhooks.operations.requests import EventTypeNames, NewWebhook, Patch, Url
from farthing.webhooks.repository.subscriptions import Subscriptions

_URL: TypeAdapter[str] = TypeAdapter(Url, config=ConfigDict(defer_build=True))
_NAMES: TypeAdapter[EventTypeNames] = TypeAdapter(EventTypeNames, config=ConfigDict(defer_build=True))


class Webhooks:
    """At most ten for an app, each URL once. Another app's webhook is as good as none."""

    def __init__(self, subscriptions: Subscriptions, types: EventTypes, documents: Documents, ids: Ids, *, strangers: bool) -> None:
        self._subscriptions, self._types, self._documents = subscriptions, types, documents
        self._ids, self._strangers = ids, strangers

    async def create(self, caller: Principal, request: NewWebhook) -> Document:
        """Raises ValidationFailed, WebhookUrlAlreadyExists, WebhookNumberLimitExceeded."""
        names = self._checked_names([one.name for one in request.event_types])
        webhook = Webhook(self._ids.resource(), caller.subject, caller.account, self._checked_url(request.url), names)
        await self._subscriptions.add(webhook)
        return self._documents.webhook(webhook)

    async def show(self, caller: Principal, anchor: str | None) -> Document:
        """Of the app, or with the anchor ACCOUNT of all apps of its account. Raises ValidationFailed."""
        if anchor not in {None, "APPLICATION", "ACCOUNT"}:
            raise invalid("anchor_type", anchor, "Use APPLICATION or ACCOUNT.", location="query")
        of_account = anchor == "ACCOUNT"
        found = await (self._subscriptions.of_account(caller.account) if of_account else self._subscriptions.of_app(caller.subject))
        return {"webhooks": [self._documents.webhook(webhook) for webhook in found]}

    async def get(self, caller: Principal, webhook_id: str) -> Document:
        """Raises ResourceIdInvalid."""
        return self._documents.webhook(await self._subscriptions.get(caller.subject, webhook_id))

    async def update(self, caller: Principal, webhook_id: str, patches: list[Patch]) -> Document:
        """Replace URL or event types. Raises ResourceIdInvalid, ValidationFailed, WebhookPatchRequestNoChange, WebhookUrlAlreadyExists."""

        def apply(webhook: Webhook) -> Webhook:
            changed = webhook
            for number, patch in enumerate(patches):
                changed = self._patched(changed, patch, f"/{number}")
            if changed == webhook:
                raise WebhookPatchRequestNoChange
            return changed

        return self._documents.webhook(await self._subscriptions.change(caller.subject, webhook_id, apply))

    async def delete(self, caller: Principal, webhook_id: str) -> None:
        """What still waits for it is given up. Raises ResourceIdInvalid."""
        await self._subscriptions.remove(caller.subject, webhook_id)

    async def event_types(self, caller: Principal, webhook_id: str) -> Document:
        """What the webhook is subscribed to. Raises ResourceIdInvalid."""
        webhook = await self._subscriptions.get(caller.subject, webhook_id)
        return {"event_types": self._documents.event_types(webhook.event_types)}

    async def all_event_types(self) -> Document:
        """What any webhook can subscribe to."""
        return {"event_types": self._documents.event_types()}

    async def look_up(self, caller: Principal) -> Document:
        """Tell the app all events of its account from now on; doing it twice changes nothing."""
        lookup = Lookup(self._ids.resource(), caller.subject, caller.account)
        return self._documents.lookup(await self._subscriptions.look_up(lookup))

    async def lookups(self, caller: Principal) -> Document:
        return {"webhooks_lookups": [self._documents.lookup(one) for one in await self._subscriptions.lookups(caller.subject)]}

    async def lookup(self, caller: Principal, lookup_id: str) -> Document:
        """Raises ResourceIdInvalid."""
        found = next((one for one in await self._subscriptions.lookups(caller.subject) if one.id == lookup_id), None)
        if found is None:
            raise ResourceIdInvalid
        return self._documents.lookup(found)

    async def delete_lookup(self, caller: Principal, lookup_id: str) -> None:
        """Raises ResourceIdInvalid."""
        await self._subscriptions.remove_lookup(caller.subject, lookup_id)

    def _patched(self, webhook: Webhook, patch: Patch, pointer: str) -> Webhook:
        if patch.op != "replace":
            raise invalid(f"{pointer}/op", patch.op, "Only replace is supported.")
        try:
            if patch.path == "/url":
                return replace(webhook, url=self._checked_url(_URL.validate_python(patch.value), f"{pointer}/value"))
            if patch.path == "/event_types":
                names = [one.name for one in _NAMES.validate_python(patch.value)]
                return replace(webhook, event_types=self._checked_names(names, f"{pointer}/value"))
        except ValidationError:
            raise invalid(f"{pointer}/value", None, "The value cannot stand at this path.") from None
        raise invalid(f"{pointer}/path", patch.path, "Only /url and /event_types can be replaced.")

    def _checked_url(self, url: str, pointer: str = "/url") -> str:
        if not acceptable(url, strangers=self._strangers):
            raise invalid(pointer, url, "Not a valid webhook URL")
        return url

    def _checked_names(self, names: list[str], pointer: str = "/event_types") -> tuple[str, ...]:
        unknown = self._types.unknown(names)
        if unknown is not None:
            raise invalid(f"{pointer}/{names.index(unknown)}/name", unknown, "Not a valid webhook event type")
        return subscription(names)
