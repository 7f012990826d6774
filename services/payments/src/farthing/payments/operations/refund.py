"""Refunding a capture, in full or in parts, back the way the money came (wire contract, section 7.4)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from farthing.clients.ledger.errors import InsufficientFunds
from farthing.clients.payments.errors import DuplicateInvoiceId
from farthing.clients.payments.events import CAPTURE_REFUNDED, REFUND_FAILED
from farthing.kit.errors import NotPermitted, Refused
from farthing.payments.domain.capture import Refund, RefundStatus
from farthing.payments.domain.details import Details
from farthing.payments.domain.intent import Intent, IntentKind, RefundPlan
from farthing.payments.domain.invoices import InvoiceClaim, InvoiceTaken
from farthing.payments.errors import PlatformFeeNotEnabled, RefundFailedInsufficientFunds, RefundNotAllowed
from farthing.payments.operations.access import seen
from farthing.payments.operations.books import refund_posting, refund_reversal_posting

if TYPE_CHECKING:
    from farthing.kit.clock import Clock
    from farthing.money import Ids, Money
    from farthing.payments.domain.capture import Capture
    from farthing.payments.domain.rates import Merchant
    from farthing.payments.operations.books import Books
    from farthing.payments.operations.cards import Cards
    from farthing.payments.operations.documents import Documents
    from farthing.payments.operations.events import Events
    from farthing.payments.operations.execution import Execution
    from farthing.payments.operations.profiles import Profiles
    from farthing.payments.operations.request import Slot, WriteRequest, Writing, Written
    from farthing.payments.repository.captures import CaptureRepository
    from farthing.payments.repository.intents import IntentRepository


@dataclass(frozen=True, slots=True)
class RefundWish:
    """What a merchant asks: None is all that is left. `contribution` is what `contributor`, the account of the app that calls, adds."""

    amount: Money | None = None
    invoice_id: str | None = None
    custom_id: str | None = None
    note: str | None = None
    contribution: Money | None = None
    contributor: str = ""


class RefundPlanning:
    """From what a merchant asks to a refund with all amounts fixed."""

    def __init__(self, clock: Clock, ids: Ids) -> None:
        self._clock, self._ids = clock, ids

    def plan(self, intent_id: str, capture: Capture, wish: RefundWish, merchant: Merchant) -> RefundPlan:
        """Raises what `Capture.amount_to_refund` and `Capture.platform_contribution` raise."""
        amount = capture.amount_to_refund(wish.amount, self._clock.now())
        contribution = capture.platform_contribution(wish.contribution, amount)
        refund = self._refund(intent_id, capture, amount.minor, contribution, wish)
        payer = None if capture.source == "card" else capture.payer
        return RefundPlan(refund, -merchant.overdraft(capture.currency), payer, capture.platform_payee)

    def _refund(self, intent_id: str, c: Capture, amount: int, contribution: int, wish: RefundWish) -> Refund:
        now = self._clock.now()
        return Refund(
            id=self._ids.resource(),
            intent=intent_id,
            capture_id=c.id,
            order_id=c.order_id,
            reference_id=c.reference_id,
            client_id=c.client_id,
            merchant=c.merchant,
            merchant_email=c.merchant_email,
            currency=c.currency,
            amount=amount,
            total=c.refunded + amount,
            contribution=contribution,
            status=RefundStatus.COMPLETED,
            created=now,
            updated=now,
            details=Details(wish.invoice_id or c.details.invoice_id, wish.custom_id or c.details.custom_id, note=wish.note),
        )


class RefundCapture:
    """Give money back."""

    def __init__(
        self,
        captures: CaptureRepository,
        intents: IntentRepository,
        books: Books,
        cards: Cards,
        documents: Documents,
        events: Events,
        execution: Execution,
        writing: Writing,
        profiles: Profiles,
        planning: RefundPlanning,
    ) -> None:
        self._captures, self._intents = captures, intents
        self._books, self._cards, self._documents, self._events = books, cards, documents, events
        self._execution, self._writing, self._profiles, self._planning = execution, writing, profiles, planning

    async def refund(self, request: WriteRequest, wish: RefundWish) -> Written:
        """Raises NotFound, NotPermitted without the payee's consent, PlatformFeeNotEnabled without that of who contributes.

        And DuplicateInvoiceId, RefundFailedInsufficientFunds, what `RefundPlanning.plan` and `Writing.once` raise.
        """
        return await self._writing.once(request, lambda slot: self._begin(request, wish, slot), self)

    async def execute(self, intent: Intent, *, alone: bool) -> None:
        plan = intent.plan
        assert isinstance(plan, RefundPlan)  # noqa: S101 - the kind says so
        try:
            await self._books.post_or_withdraw(intent, refund_posting(plan), alone=alone)
        except InsufficientFunds:
            raise RefundFailedInsufficientFunds from None
        except Refused:
            raise RefundNotAllowed from None
        refund = plan.refund if plan.payer is not None else await self._given_to_card(plan)
        await self._record(intent, refund)

    async def _begin(self, request: WriteRequest, wish: RefundWish, slot: Slot) -> Intent | None:
        capture = seen(request.actor, await self._captures.find(request.path_id))
        if not await self._profiles.may_act(request.actor.account, capture.merchant):
            raise NotPermitted(description="The money is the payee's: only he, or who has his consent, may give it back.")
        if capture.busy is not None:
            await self._execution.finish_other(capture.busy)
            return None
        merchant = await self._profiles.merchant(capture.merchant)
        plan = self._planning.plan(slot.intent_id, capture, wish, merchant)
        await self._refuse_to_take_from_others(wish, plan)
        intent = Intent(slot.intent_id, plan.refund.id, IntentKind.REFUND, capture.id, plan, slot.fingerprint, slot.expires)
        try:
            return intent if await self._captures.begin(capture, intent, _claims(merchant, wish, plan.refund)) else None
        except InvoiceTaken as taken:
            raise DuplicateInvoiceId(field="/invoice_id", value=taken.invoice) from None

    async def _refuse_to_take_from_others(self, wish: RefundWish, plan: RefundPlan) -> None:
        """A contribution is the money of who received the platform fee, and the payee's consent says nothing about that."""
        if wish.contribution is not None and not await self._profiles.may_act(wish.contributor, str(plan.platform_payee)):
            raise PlatformFeeNotEnabled(field="/payment_instruction/platform_fees/0/amount/value", value=wish.contribution.value)

    async def _given_to_card(self, plan: RefundPlan) -> Refund:
        """The merchant has paid; when the card's bank does not take it, he gets it back."""
        answer = await self._cards.refund(plan.refund)
        if answer.approved:
            return replace(plan.refund, details=replace(plan.refund.details, acquirer_reference=answer.acquirer_reference))
        await self._books.post_surely(refund_reversal_posting(plan))
        await self._intents.free_invoices(plan.refund.id)
        return replace(plan.refund, status=RefundStatus.FAILED, total=plan.refund.total - plan.refund.amount)

    async def _record(self, intent: Intent, refund: Refund) -> None:
        capture = await self._captures.find(intent.subject)
        if capture is None or capture.busy != intent.id:
            return  # a twin has recorded it
        failed = refund.status is RefundStatus.FAILED
        changed = capture.after_failed_refund() if failed else capture.after_refund(refund.amount, refund.contribution, refund.updated)
        event = self._events.of(REFUND_FAILED if failed else CAPTURE_REFUNDED, changed, self._documents.refund(refund))
        await self._captures.refund(intent, changed, refund, [event])


def _claims(merchant: Merchant, wish: RefundWish, refund: Refund) -> tuple[InvoiceClaim, ...]:
    """An invoice id that the refund itself names is taken once; the capture's own may appear on each of its refunds."""
    if wish.invoice_id is None or not merchant.blocks_repeated_invoices:
        return ()
    return (InvoiceClaim(merchant.account, "refund", wish.invoice_id, refund.id),)
