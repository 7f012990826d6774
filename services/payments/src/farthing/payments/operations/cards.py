"""Asking a card's bank, and finding out what it said when the answer was lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farthing.clients.processor.errors import KeyUnknown
from farthing.clients.processor.models import Card as ProcessorCard
from farthing.clients.processor.models import CardRequest
from farthing.kit.errors import AnyError, OutcomeUnknown
from farthing.payments.domain.details import CardAnswer

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from farthing.clients.processor.client import ProcessorClient
    from farthing.clients.processor.models import Answer
    from farthing.payments.domain.authorization import Authorization
    from farthing.payments.domain.capture import Capture, Refund
    from farthing.payments.domain.intent import Card

APPROVED = "0000"


class Cards:
    """Every request has the id of what it is for as its key: sent again after a crash it is the same request.

    Each method raises Unavailable, or OutcomeUnknown when even processor cannot be asked what became of the key.
    """

    def __init__(self, processor: ProcessorClient) -> None:
        self._processor = processor

    async def charge(self, capture: Capture, card: Card) -> CardAnswer:
        request = _request(card, capture.amount, capture.currency, capture.order_id)
        return _said(await self._resolved(self._processor.charge(request, key=capture.id), capture.id), private=card.of_wallet)

    async def authorize(self, authorization: Authorization, card: Card) -> CardAnswer:
        request = _request(card, authorization.amount, authorization.currency, authorization.order_id)
        asking = self._processor.authorize(request, key=authorization.id)
        return _said(await self._resolved(asking, authorization.id), private=card.of_wallet)

    async def capture(self, authorization_id: str, capture: Capture) -> CardAnswer:
        """As private as what the bank said of the authorization, which the capture's details begin with."""
        asking = self._processor.capture(authorization_id, capture.amount, capture.currency, key=capture.id)
        said_before = capture.details.card_answer
        return _said(await self._resolved(asking, capture.id), private=said_before is not None and said_before.network is None)

    async def void(self, authorization_id: str) -> None:
        key = f"{authorization_id}.void"
        await self._resolved(self._processor.void(authorization_id, key=key), key)

    async def refund(self, refund: Refund) -> Answer:
        asking = self._processor.refund(refund.capture_id, refund.amount, refund.currency, key=refund.id)
        return await self._resolved(asking, refund.id)

    async def _resolved(self, asking: Awaitable[Answer], key: str) -> Answer:
        """An answer that did not arrive is asked for; a key that processor does not know stays open, for whoever asks again."""
        try:
            return await asking
        except (OutcomeUnknown, AnyError):
            try:
                return await self._processor.outcome(key)
            except (KeyUnknown, AnyError):
                raise OutcomeUnknown from None


def _request(card: Card, amount: int, currency: str, reference: str) -> CardRequest:
    shown = ProcessorCard(token=card.token, brand=card.brand, last_digits=card.last_digits, expiry=card.expiry, scenario=card.scenario)
    return CardRequest(card=shown, amount=amount, currency=currency, reference=reference)


def _said(answer: Answer, *, private: bool = False) -> CardAnswer:
    """`private`: without what would tell the merchant whose card it is."""
    if private:
        return CardAnswer(answer.response_code, answer.avs_code, answer.cvv_code)
    return CardAnswer(answer.response_code, answer.avs_code, answer.cvv_code, answer.network, answer.network_reference)
