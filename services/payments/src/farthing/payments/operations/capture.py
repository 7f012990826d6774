"""Capturing an authorization: all of it, parts of it, or a little more (wire contract, section 7.4)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from farthing.clients.ledger.errors import InsufficientFunds
from farthing.clients.payments.errors import DuplicateInvoiceId
from farthing.clients.payments.events import CAPTURE_COMPLETED, CAPTURE_DECLINED
from farthing.kit.errors import Refused
from farthing.payments.domain.authorization import OPEN
from farthing.payments.domain.capture import Capture, CaptureStatus
from farthing.payments.domain.details import Details
from farthing.payments.domain.intent import CapturePlan, Intent, IntentKind
from farthing.payments.domain.invoices import InvoiceClaim, InvoiceTaken
from farthing.payments.errors import PayerCannotPay, TransactionRefused
from farthing.payments.operations.access import seen
from farthing.payments.operations.books import capture_posting
from farthing.payments.operations.cards import APPROVED

if TYPE_CHECKING:
    from farthing.kit.clock import Clock
    from farthing.money import Ids, Money
    from farthing.payments.domain.authorization import Authorization
    from farthing.payments.domain.details import DisbursementMode
    from farthing.payments.domain.rates import Merchant
    from farthing.payments.operations.books import Books
    from farthing.payments.operations.cards import Cards
    from farthing.payments.operations.documents import Documents
    from farthing.payments.operations.events import Events
    from farthing.payments.operations.execution import Execution
    from farthing.payments.operations.profiles import Profiles
    from farthing.payments.operations.request import Slot, WriteRequest, Writing, Written
    from farthing.payments.repository.authorizations import AuthorizationRepository, Named
    from farthing.payments.repository.intents import IntentRepository


@dataclass(frozen=True, slots=True)
class CaptureWish:
    """What a merchant asks: None is all that remains, or what the authorization says.

    A platform fee goes to `platform_payee`, without one to the caller's account.
    """

    amount: Money | None = None
    final: bool = False
    invoice_id: str | None = None
    note: str | None = None
    soft_descriptor: str | None = None
    platform_fee: Money | None = None
    platform_payee: str | None = None
    disbursement_mode: DisbursementMode | None = None


class CaptureAuthorization:
    """Capture an authorization, or a reauthorization of it."""

    def __init__(
        self,
        authorizations: AuthorizationRepository,
        intents: IntentRepository,
        books: Books,
        cards: Cards,
        documents: Documents,
        events: Events,
        execution: Execution,
        writing: Writing,
        profiles: Profiles,
        planning: CapturePlanning,
    ) -> None:
        self._authorizations, self._intents = authorizations, intents
        self._books, self._cards, self._documents, self._events = books, cards, documents, events
        self._execution, self._writing, self._profiles, self._planning = execution, writing, profiles, planning

    async def capture(self, request: WriteRequest, wish: CaptureWish) -> Written:
        """Raises NotFound, DuplicateInvoiceId, PayerCannotPay, and what `CapturePlanning.plan` and `Writing.once` raise."""
        return await self._writing.once(request, lambda slot: self._begin(request, wish, slot), self)

    async def execute(self, intent: Intent, *, alone: bool) -> None:
        plan = intent.plan
        assert isinstance(plan, CapturePlan)  # noqa: S101 - the kind says so
        capture = plan.capture
        if capture.source == "card":
            capture = await self._taken_from_card(intent.subject, capture)
        else:
            await self._take_from_wallet(intent, plan, alone=alone)
        await self._record(intent, capture)

    async def _begin(self, request: WriteRequest, wish: CaptureWish, slot: Slot) -> Intent | None:
        named = seen(request.actor, await self._authorizations.find(request.path_id))
        authorization = named.authorization
        if authorization.busy is not None:
            await self._execution.finish_other(authorization.busy)
            return None
        merchant = await self._profiles.merchant(authorization.merchant)
        plan = self._planning.plan(slot.intent_id, named, wish, merchant)
        intent = Intent(slot.intent_id, plan.capture.id, IntentKind.CAPTURE, authorization.id, plan, slot.fingerprint, slot.expires)
        try:
            return intent if await self._authorizations.begin(authorization, intent, _claims(merchant, plan.capture)) else None
        except InvoiceTaken as taken:
            raise DuplicateInvoiceId(field="/invoice_id", value=taken.invoice) from None

    async def _take_from_wallet(self, intent: Intent, plan: CapturePlan, *, alone: bool) -> None:
        try:
            await self._books.post_or_withdraw(intent, capture_posting(plan), alone=alone)
        except InsufficientFunds:
            raise PayerCannotPay(description="The payer has not enough money beyond what is set apart.") from None
        except Refused:
            raise TransactionRefused from None

    async def _taken_from_card(self, authorization_id: str, capture: Capture) -> Capture:
        answer = await self._cards.capture(authorization_id, capture)
        details = replace(capture.details, card_answer=answer)
        if answer.response_code != APPROVED:
            await self._intents.free_invoices(capture.id)
            declined = replace(capture, status=CaptureStatus.DECLINED, transfer=None, fee=0, platform_fee=0, platform_payee=None)
            return replace(declined, details=details)
        await self._books.post_surely(capture_posting(CapturePlan(capture, hold=None, take=0, closes=False)))
        return replace(capture, details=details)

    async def _record(self, intent: Intent, capture: Capture) -> None:
        named = await self._authorizations.find(intent.subject)
        if named is None or named.authorization.busy != intent.id:
            return  # a twin has recorded it
        authorization, declined = named.authorization, capture.status is CaptureStatus.DECLINED
        changed = (
            authorization.after_declined_capture()
            if declined
            else authorization.after_capture(capture.amount, final=capture.final, now=capture.updated)
        )
        event = self._events.of(CAPTURE_DECLINED if declined else CAPTURE_COMPLETED, capture, self._documents.capture(capture))
        await self._authorizations.change(intent, changed, [event], captures=[capture])


class CapturePlanning:
    """From what a merchant asks to a capture with all amounts fixed."""

    def __init__(self, clock: Clock, ids: Ids) -> None:
        self._clock, self._ids = clock, ids

    def plan(self, intent_id: str, named: Named, wish: CaptureWish, merchant: Merchant) -> CapturePlan:
        """Raises what `Authorization.amount_to_capture` raises; TransactionRefused when the platform fee is more than what is left."""
        authorization = named.authorization
        amount = authorization.amount_to_capture(wish.amount, self._clock.now())
        capture = self._capture(intent_id, named, amount, wish, merchant)
        closes = authorization.after_capture(amount.minor, final=wish.final, now=capture.created).status not in OPEN
        return CapturePlan(capture, authorization.hold, min(amount.minor, authorization.remaining), closes)

    def _capture(self, intent_id: str, named: Named, amount: Money, wish: CaptureWish, merchant: Merchant) -> Capture:
        a, id, now = named.authorization, self._ids.resource(), self._clock.now()
        fee = merchant.fee(amount, a.source)
        platform_fee = _platform_fee(wish, amount, fee, merchant)
        return Capture(
            id=id,
            intent=intent_id,
            order_id=a.order_id,
            authorization_id=named.reauthorization.id if named.reauthorization else a.id,
            reference_id=a.reference_id,
            client_id=a.client_id,
            merchant=a.merchant,
            merchant_email=a.merchant_email,
            payer=a.payer,
            source=a.source,
            currency=a.currency,
            amount=amount.minor,
            fee=fee.minor,
            platform_fee=platform_fee,
            platform_payee=wish.platform_payee if platform_fee else None,
            transfer=id,
            status=CaptureStatus.COMPLETED,
            created=now,
            updated=now,
            final=wish.final,
            details=_details(a, wish),
        )


def _claims(merchant: Merchant, capture: Capture) -> tuple[InvoiceClaim, ...]:
    invoice = capture.details.invoice_id
    if invoice is None or not merchant.blocks_repeated_invoices:
        return ()
    return (InvoiceClaim(merchant.account, "capture", invoice, capture.order_id),)


def _platform_fee(wish: CaptureWish, amount: Money, fee: Money, merchant: Merchant) -> int:
    wanted = wish.platform_fee
    if wanted is None or wish.platform_payee == merchant.account:
        return 0
    if wanted.currency != amount.currency or wanted.minor > (amount - fee).minor:
        raise TransactionRefused(
            field="/payment_instruction/platform_fees/0/amount/value",
            value=wanted.value,
            description="The platform fee is more than what is left of the payment after its fee.",
        )
    return wanted.minor


def _details(authorization: Authorization, wish: CaptureWish) -> Details:
    known = authorization.details
    return Details(
        invoice_id=wish.invoice_id or known.invoice_id,
        custom_id=known.custom_id,
        soft_descriptor=wish.soft_descriptor or known.soft_descriptor,
        note=wish.note or known.note,
        disbursement_mode=wish.disbursement_mode or known.disbursement_mode,
        card_answer=known.card_answer,
    )
