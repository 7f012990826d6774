"""Showing authorizations, captures and refunds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farthing.payments.operations.access import seen

if TYPE_CHECKING:
    from farthing.clients.merchants.acting import Actor
    from farthing.payments.operations.documents import Document, Documents
    from farthing.payments.repository.authorizations import AuthorizationRepository
    from farthing.payments.repository.captures import CaptureRepository

# reference id → "authorizations", "captures", "refunds" → documents, the oldest first
ByUnit = dict[str, dict[str, list["Document"]]]


class Reading:
    """Present states; what is being made is not shown."""

    def __init__(self, authorizations: AuthorizationRepository, captures: CaptureRepository, documents: Documents) -> None:
        self._authorizations, self._captures, self._documents = authorizations, captures, documents

    async def authorization(self, any_id: str, actor: Actor) -> Document:
        """An authorization, or a reauthorization. Raises NotFound."""
        named = seen(actor, await self._authorizations.find(any_id))
        return self._documents.authorization(named.authorization, named.reauthorization)

    async def capture(self, capture_id: str, actor: Actor) -> Document:
        """Raises NotFound."""
        return self._documents.capture(seen(actor, await self._captures.find(capture_id)))

    async def refund(self, refund_id: str, actor: Actor) -> Document:
        """Raises NotFound."""
        return self._documents.refund(seen(actor, await self._captures.find_refund(refund_id)))

    async def of_order(self, order_id: str) -> ByUnit:
        """Everything that was paid for an order, by reference id. An order captured at once, as most are, takes one statement."""
        found: ByUnit = {}
        captures = await self._captures.of_order(order_id)
        if not captures or captures[0].authorization_id is not None:
            await self._add_authorizations(found, order_id)
        for capture in captures:
            _add(found, capture.reference_id, "captures", self._documents.capture(capture))
        if any(capture.refunds for capture in captures):
            for refund in await self._captures.refunds_of_order(order_id):
                _add(found, refund.reference_id, "refunds", self._documents.refund(refund))
        return found

    async def _add_authorizations(self, found: ByUnit, order_id: str) -> None:
        authorizations = {authorization.id: authorization for authorization in await self._authorizations.of_order(order_id)}
        for authorization in authorizations.values():
            _add(found, authorization.reference_id, "authorizations", self._documents.authorization(authorization))
        for name in await self._authorizations.reauthorizations_of(list(authorizations)) if authorizations else ():
            authorization = authorizations[name.authorization_id]
            _add(found, authorization.reference_id, "authorizations", self._documents.authorization(authorization, name))


def _add(found: ByUnit, reference_id: str, collection: str, document: Document) -> None:
    found.setdefault(reference_id, {}).setdefault(collection, []).append(document)
