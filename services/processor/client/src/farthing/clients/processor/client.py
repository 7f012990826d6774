"""How payments talks to the outside world of cards."""

from __future__ import annotations

from typing import ClassVar

from farthing.clients.processor.errors import ERRORS
from farthing.clients.processor.models import Answer, CardRequest, FollowUp
from farthing.kit.errors import ApiError
from farthing.kit.model import Model
from farthing.kit.rpc import ServiceClient


class ProcessorClient(ServiceClient):
    """Every request has a key and is carried out at most once for it, for ever.

    After OutcomeUnknown ask `outcome`, or send the same again.
    Each method raises KeyReused; `charge` and `authorize` raise CardProcessingNotEnabled in live mode.
    """

    errors: ClassVar[dict[str, type[ApiError]]] = ERRORS

    async def charge(self, request: CardRequest, *, key: str) -> Answer:
        """Authorize and capture in one step."""
        return await self._ask("charges", request, key)

    async def authorize(self, request: CardRequest, *, key: str) -> Answer:
        """Reserve an amount; its key is the authorization's name."""
        return await self._ask("authorizations", request, key)

    async def capture(self, authorization: str, amount: int, currency: str, *, key: str) -> Answer:
        """Take an authorized amount, in parts if need be; what goes beyond the authorization is declined."""
        return await self._ask("captures", FollowUp(original=authorization, amount=amount, currency=currency), key)

    async def void(self, authorization: str, *, key: str) -> Answer:
        """Give back what an authorization still reserves; repeating it with any key changes nothing."""
        return await self._ask("voids", FollowUp(original=authorization), key)

    async def refund(self, original: str, amount: int, currency: str, *, key: str) -> Answer:
        """Send money back to the card of a charge or a capture; what goes beyond it is declined."""
        return await self._ask("refunds", FollowUp(original=original, amount=amount, currency=currency), key)

    async def outcome(self, key: str) -> Answer:
        """What became of a key. Raises KeyUnknown: then nothing happened."""
        return await self.call("GET", f"/outcomes/{key}", Answer)

    async def _ask(self, path: str, body: Model, key: str) -> Answer:
        return await self.call("POST", f"/{path}", Answer, body=body, key=key)
