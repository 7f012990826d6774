"""What the audit compares with the books."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farthing.clients.payments.models import (
    AuthorizationLine,
    AuthorizationPage,
    CaptureLine,
    CapturePage,
    InFlight,
    RefundLine,
    RefundPage,
)
from farthing.payments.domain.intent import CapturePlan, ClosePlan, PayPlan, Plan, ReauthorizePlan, RefundPlan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from farthing.payments.domain.authorization import Authorization
    from farthing.payments.domain.capture import Capture, Refund
    from farthing.payments.repository.authorizations import AuthorizationRepository
    from farthing.payments.repository.captures import CaptureRepository
    from farthing.payments.repository.intents import IntentRepository


class Auditing:
    """Lists everything that has to be in the books, and what is on its way there."""

    def __init__(self, authorizations: AuthorizationRepository, captures: CaptureRepository, intents: IntentRepository) -> None:
        self._authorizations, self._captures, self._intents = authorizations, captures, intents

    async def captures(self, after: int, limit: int) -> CapturePage:
        found = tuple(_capture_line(seq, capture) for seq, capture in await self._captures.page(after, limit))
        return CapturePage(captures=found, next=found[-1].seq if len(found) == limit else None)

    async def refunds(self, after: int, limit: int) -> RefundPage:
        found = tuple(_refund_line(seq, refund) for seq, refund in await self._captures.refund_page(after, limit))
        return RefundPage(refunds=found, next=found[-1].seq if len(found) == limit else None)

    async def open_authorizations(self, after: int, limit: int) -> AuthorizationPage:
        found = tuple(_authorization_line(seq, a) for seq, a in await self._authorizations.open_page(after, limit))
        return AuthorizationPage(authorizations=found, next=found[-1].seq if len(found) == limit else None)

    async def in_flight(self) -> InFlight:
        """Ids of transfers and holds that open intents may be making or changing just now."""
        plans = [intent.plan for intent in await self._intents.open_ones() if intent.plan is not None]
        return InFlight(ids=tuple(id for plan in plans for id in _touched(plan)))


def _touched(plan: Plan) -> Iterator[str]:
    match plan:
        case PayPlan():
            yield from {str(capture.transfer) for capture in plan.captures}
            yield from (authorization.id for authorization in plan.authorizations)
        case CapturePlan():
            yield from (id for id in (plan.capture.transfer, plan.hold) if id is not None)
        case RefundPlan():
            yield from (plan.refund.id, f"{plan.refund.id}.reversal")
        case ReauthorizePlan():
            yield from (plan.id, plan.hold)
        case ClosePlan() if plan.hold is not None:
            yield from (plan.hold, f"{plan.hold}.release")


def _capture_line(seq: int, c: Capture) -> CaptureLine:
    return CaptureLine(
        seq=seq,
        id=c.id,
        order_id=c.order_id,
        transfer=c.transfer,
        source=c.source,
        payer=c.payer,
        payee=c.merchant,
        amount=c.amount,
        fee=c.fee,
        platform_fee=c.platform_fee,
        refunded=c.refunded,
        currency=c.currency,
        status=c.status,
        in_flight=c.busy is not None,
    )


def _refund_line(seq: int, r: Refund) -> RefundLine:
    return RefundLine(
        seq=seq,
        id=r.id,
        capture_id=r.capture_id,
        transfer=r.id,
        payee=r.merchant,
        amount=r.amount,
        currency=r.currency,
        status=r.status,
    )


def _authorization_line(seq: int, a: Authorization) -> AuthorizationLine:
    return AuthorizationLine(
        seq=seq,
        id=a.id,
        order_id=a.order_id,
        hold=a.hold,
        payer=a.payer,
        remaining=a.remaining,
        currency=a.currency,
        in_flight=a.busy is not None,
    )
