"""What a request or an intent is about, in the words in which faults are matched: app, order, buyer (his account's id)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farthing.kit.call import about
from farthing.payments.domain.intent import Intent, IntentKind, PayPlan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from farthing.payments.domain.authorization import Authorization
    from farthing.payments.domain.capture import Capture
    from farthing.payments.repository.authorizations import AuthorizationRepository
    from farthing.payments.repository.captures import CaptureRepository


class Subjects:
    """Looks up what is not said. Asked only while faults are planted, and for what nobody waits for."""

    def __init__(self, authorizations: AuthorizationRepository, captures: CaptureRepository) -> None:
        self._authorizations, self._captures = authorizations, captures

    async def of_path(self, parameters: Mapping[str, str]) -> dict[str, str]:
        """Order and buyer of the resource that a path names; nothing for one that is unknown."""
        found = await self._named(parameters)
        return {} if found is None else {"order": found.order_id} | ({"buyer": found.payer} if found.payer else {})

    async def tell(self, intent: Intent | None) -> None:
        """Say what an intent is about that the recovery job finishes; whoever made it has said so before."""
        found = None if intent is None else await self._changed(intent)
        if found is not None:
            tell_of(found)

    async def _named(self, parameters: Mapping[str, str]) -> Authorization | Capture | None:
        match parameters:
            case {"authorization_id": name}:
                return await self._authorization(name)
            case {"capture_id": name}:
                return await self._captures.find(name)
            case {"refund_id": name}:
                refund = await self._captures.find_refund(name)
                return await self._captures.find(refund.capture_id) if refund else None
        return None

    async def _changed(self, intent: Intent) -> Authorization | Capture | None:
        match intent.kind, intent.plan:
            case IntentKind.PAY, PayPlan() as plan:
                return plan.captures[0] if plan.captures else plan.authorizations[0]
            case IntentKind.REFUND, _:
                return await self._captures.find(intent.subject)
        return await self._authorization(intent.subject)

    async def _authorization(self, any_id: str) -> Authorization | None:
        named = await self._authorizations.find(any_id)
        return named.authorization if named else None


def tell_of(found: Authorization | Capture) -> None:
    """Say whose payment is being changed from here on."""
    about(app=found.client_id, order=found.order_id, buyer=found.payer)
