"""Paying an order: one capture, or one authorization, for each of its units.

A payment from a wallet takes two statements and one posting: the intent, the money, the outcome with its events.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from farthing.clients.ledger.errors import InsufficientFunds, SameAccount
from farthing.clients.payments.errors import (
    CardProcessingNotEnabled,
    DuplicateInvoiceId,
    InstrumentDeclined,
    InvalidPlatformFees,
    PayerCannotPay,
    PaymentKeyReused,
)
from farthing.clients.payments.events import AUTHORIZATION_CREATED, CAPTURE_COMPLETED, CAPTURE_DECLINED
from farthing.clients.processor.errors import CardProcessingNotEnabled as NoCards
from farthing.kit.errors import Detail, InvalidRequest, Refused
from farthing.money import Money
from farthing.payments.domain.authorization import HONOR_PERIOD, VALIDITY, Authorization, AuthorizationStatus
from farthing.payments.domain.capture import Capture, CaptureStatus
from farthing.payments.domain.details import Details
from farthing.payments.domain.intent import Card, Intent, IntentKind, PayPlan
from farthing.payments.domain.invoices import InvoiceClaim, InvoiceTaken
from farthing.payments.operations.books import authorizations_posting, captures_posting
from farthing.payments.operations.cards import APPROVED
from farthing.payments.operations.execution import Twins

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from farthing.clients.payments.models import Pay, Unit
    from farthing.kit.clock import Clock
    from farthing.money import Ids
    from farthing.payments.domain.details import CardAnswer
    from farthing.payments.domain.rates import Merchant
    from farthing.payments.operations.books import Books
    from farthing.payments.operations.cards import Cards
    from farthing.payments.operations.documents import Document, Documents
    from farthing.payments.operations.events import Events
    from farthing.payments.operations.execution import Execution
    from farthing.payments.operations.profiles import Profiles
    from farthing.payments.repository.authorizations import AuthorizationRepository
    from farthing.payments.repository.captures import CaptureRepository
    from farthing.payments.repository.intents import IntentRepository


class Line(NamedTuple):
    """One document of what was paid, for the unit it belongs to."""

    reference_id: str
    collection: str
    document: Document
    succeeded: bool


class Planning:
    """From what orders asks to what will be, with all amounts fixed: fees, limits, deadlines."""

    def __init__(self, profiles: Profiles, clock: Clock, ids: Ids) -> None:
        self._profiles, self._clock, self._ids = profiles, clock, ids

    async def plan(self, pay: Pay, intent_id: str) -> PayPlan:
        """Raises PayeeAccountInvalid, PayerCannotPay, InvalidPlatformFees."""
        if pay.source.kind == "wallet" and (pay.payer is None or any(unit.payee == pay.payer.account_id for unit in pay.units)):
            raise PayerCannotPay
        merchants = [await self._profiles.merchant(unit.payee) for unit in pay.units]
        units = tuple(zip(pay.units, merchants, strict=True))
        if pay.intent == "CAPTURE":
            return PayPlan(captures=self._captures(pay, intent_id, units), card=_card_of(pay))
        authorizations = tuple(self._authorization(pay, intent_id, unit, merchant) for unit, merchant in units)
        return PayPlan(authorizations=authorizations, card=_card_of(pay))

    def _captures(self, pay: Pay, intent_id: str, units: Sequence[tuple[Unit, Merchant]]) -> tuple[Capture, ...]:
        """Units paid from a wallet share one transfer, which has the first capture's id."""
        ids = [self._ids.resource() for _ in units]
        transfers = ids if pay.source.kind == "card" else [ids[0]] * len(ids)
        found = zip(ids, transfers, units, strict=True)
        return tuple(self._capture(pay, intent_id, id, transfer, *unit) for id, transfer, unit in found)

    def _capture(self, pay: Pay, intent_id: str, id: str, transfer: str, unit: Unit, merchant: Merchant) -> Capture:
        amount, now = Money(unit.currency, unit.amount), self._clock.now()
        platform = next(iter(unit.platform_fees), None)
        fee, platform_fee = merchant.fee(amount, pay.source.kind), platform.amount if platform else 0
        if fee.minor + platform_fee > amount.minor or (platform and platform.payee == unit.payee):
            raise InvalidPlatformFees
        return Capture(
            **_common(pay, intent_id, id, unit, merchant),
            authorization_id=None,
            fee=fee.minor,
            platform_fee=platform_fee,
            platform_payee=platform.payee if platform else None,
            transfer=transfer,
            status=CaptureStatus.COMPLETED,
            created=now,
            updated=now,
        )

    def _authorization(self, pay: Pay, intent_id: str, unit: Unit, merchant: Merchant) -> Authorization:
        now, id = self._clock.now(), self._ids.resource()
        return Authorization(
            **_common(pay, intent_id, id, unit, merchant),
            granted=unit.amount,
            capture_limit=merchant.capture_limit(Money(unit.currency, unit.amount)).minor,
            hold=None if pay.source.kind == "card" else id,
            status=AuthorizationStatus.CREATED,
            created=now,
            updated=now,
            honored_until=now + HONOR_PERIOD,
            expires=now + VALIDITY,
        )


class PayOrder:
    """Pay an order once per key."""

    def __init__(
        self,
        planning: Planning,
        intents: IntentRepository,
        captures: CaptureRepository,
        authorizations: AuthorizationRepository,
        books: Books,
        cards: Cards,
        documents: Documents,
        events: Events,
        execution: Execution,
        profiles: Profiles,
    ) -> None:
        self._planning, self._execution, self._profiles, self._twins = planning, execution, profiles, Twins()
        self._intents, self._captures, self._authorizations = intents, captures, authorizations
        self._books, self._cards, self._documents, self._events = books, cards, documents, events

    async def pay(self, pay: Pay, key: str) -> list[Line]:
        """Answer what the payment became, as it is now.

        Raises InstrumentDeclined, DuplicateInvoiceId, PayerCannotPay, PayeeAccountInvalid, InvalidPlatformFees, CardProcessingNotEnabled,
        PaymentKeyReused, Unavailable, OutcomeUnknown.
        """
        intent_id = f"pay.{key}"
        if await self._twins.join(intent_id):
            return await self._pay(pay, intent_id)
        return await self._twins.run(intent_id, lambda: self._pay(pay, intent_id))

    async def execute(self, intent: Intent, *, alone: bool) -> list[Line]:
        plan = intent.plan
        assert isinstance(plan, PayPlan)  # noqa: S101 - the kind says so
        if plan.captures:
            return await self._capture(intent, plan, alone=alone)
        return await self._authorize(intent, plan, alone=alone)

    async def _pay(self, pay: Pay, intent_id: str) -> list[Line]:
        try:
            intent = await self._opened(pay, intent_id)
        except (InvalidRequest, Refused):
            # What was begun with this key was judged then: a merchant's rate card may have changed since, its outcome is the answer.
            if await self._intents.find(intent_id) is None:
                raise
            intent = None
        if intent is None:
            return await self._replay(intent_id, pay)
        return await self._execution.run(intent, lambda: self.execute(intent, alone=True))

    async def _opened(self, pay: Pay, intent_id: str) -> Intent | None:
        """None: there is an intent with this key."""
        plan = await self._planning.plan(pay, intent_id)
        attempt = (plan.captures or plan.authorizations)[0].id
        intent = Intent(intent_id, attempt, IntentKind.PAY, pay.order_id, plan, _fingerprint(pay))
        claims = await self._claims(pay) if pay.intent == "CAPTURE" else ()
        try:
            return intent if await self._intents.open(intent, claims) else None
        except InvoiceTaken as taken:
            raise DuplicateInvoiceId(value=taken.invoice) from None

    async def _capture(self, intent: Intent, plan: PayPlan, *, alone: bool) -> list[Line]:
        captures = plan.captures
        if plan.card is None:
            await self._post(intent, captures, alone=alone)
        else:
            captures = await self._charge(intent, plan.card, captures)
        found = [self._capture_line(capture) for capture in captures]
        events = [self._events.of(_event_of(c), c, line.document) for c, line in zip(captures, found, strict=True)]
        if not any(line.succeeded for line in found):
            await self._intents.free_invoices(intent.attempt)
        if not await self._captures.make(intent, captures, events, captures[0].updated):
            return await self._present(intent)
        return found

    async def _post(self, intent: Intent, captures: Sequence[Capture], *, alone: bool) -> None:
        try:
            await self._books.post_or_withdraw(intent, captures_posting(captures), alone=alone)
        except InsufficientFunds:
            raise InstrumentDeclined from None
        except SameAccount:
            raise PayerCannotPay from None

    async def _charge(self, intent: Intent, card: Card, captures: Sequence[Capture]) -> tuple[Capture, ...]:
        """Ask the card's bank for each unit, then book what it paid."""
        answers = await self._asked(intent, [self._cards.charge(capture, card) for capture in captures])
        found = tuple(_answered_capture(capture, answer) for capture, answer in zip(captures, answers, strict=True))
        for capture in found:
            if capture.transfer is not None:
                await self._books.post_surely(captures_posting([capture]))
        return found

    async def _authorize(self, intent: Intent, plan: PayPlan, *, alone: bool) -> list[Line]:
        authorizations = plan.authorizations
        if plan.card is None:
            try:
                await self._books.post_or_withdraw(intent, authorizations_posting(authorizations), alone=alone)
            except InsufficientFunds:
                raise InstrumentDeclined from None
        else:
            answers = await self._asked(intent, [self._cards.authorize(a, plan.card) for a in authorizations])
            authorizations = tuple(_answered_authorization(a, answer) for a, answer in zip(authorizations, answers, strict=True))
        found = [self._authorization_line(authorization) for authorization in authorizations]
        created = [(a, line) for a, line in zip(authorizations, found, strict=True) if line.succeeded]
        events = [self._events.of(AUTHORIZATION_CREATED, a, line.document) for a, line in created]
        if not await self._authorizations.make(intent, authorizations, events, authorizations[0].updated):
            return await self._present(intent)
        return found

    async def _asked(self, intent: Intent, asking: Iterable[Any]) -> list[CardAnswer]:
        try:
            return list(await asyncio.gather(*asking))
        except NoCards:
            await self._intents.withdraw(intent, even_if_shared=True)
            raise CardProcessingNotEnabled from None

    async def _claims(self, pay: Pay) -> list[InvoiceClaim]:
        """Nobody else pays with the invoice ids of merchants who take each once."""
        return [
            InvoiceClaim(unit.payee, "capture", unit.invoice_id, pay.order_id)
            for unit in pay.units
            if unit.invoice_id is not None and (await self._profiles.merchant(unit.payee)).blocks_repeated_invoices
        ]

    async def _replay(self, intent_id: str, pay: Pay) -> list[Line]:
        known = await self._intents.find(intent_id)
        if known is not None and known.fingerprint != _fingerprint(pay):
            if known.done:
                raise PaymentKeyReused
            await self._execution.finish_other(intent_id)  # whether it keeps the key, its end decides
        elif known is not None and (known.done or await self._execution.finish(intent_id)):
            return await self._present(known)
        return await self._pay(pay, intent_id)  # it was refused meanwhile: judged anew

    async def _present(self, intent: Intent) -> list[Line]:
        """What an intent made, as it is now."""
        captures = [c for c in await self._captures.of_order(intent.subject) if c.intent == intent.id]
        authorizations = [a for a in await self._authorizations.of_order(intent.subject) if a.intent == intent.id]
        return [*map(self._capture_line, captures), *map(self._authorization_line, authorizations)]

    def _capture_line(self, capture: Capture) -> Line:
        succeeded = capture.status is not CaptureStatus.DECLINED
        return Line(capture.reference_id, "captures", self._documents.capture(capture), succeeded)

    def _authorization_line(self, authorization: Authorization) -> Line:
        succeeded = authorization.status is not AuthorizationStatus.DENIED
        return Line(authorization.reference_id, "authorizations", self._documents.authorization(authorization), succeeded)


def _event_of(capture: Capture) -> str:
    return CAPTURE_DECLINED if capture.status is CaptureStatus.DECLINED else CAPTURE_COMPLETED


def _answered_capture(capture: Capture, answer: CardAnswer) -> Capture:
    details = replace(capture.details, card_answer=answer)
    if answer.response_code == APPROVED:
        return replace(capture, details=details)
    return replace(capture, details=details, status=CaptureStatus.DECLINED, transfer=None, fee=0, platform_fee=0, platform_payee=None)


def _answered_authorization(authorization: Authorization, answer: CardAnswer) -> Authorization:
    details = replace(authorization.details, card_answer=answer)
    status = AuthorizationStatus.CREATED if answer.response_code == APPROVED else AuthorizationStatus.DENIED
    return replace(authorization, details=details, status=status)


def _common(pay: Pay, intent_id: str, id: str, unit: Unit, merchant: Merchant) -> dict[str, Any]:
    """What captures and authorizations have in common."""
    return {
        "id": id,
        "intent": intent_id,
        "order_id": pay.order_id,
        "reference_id": unit.reference_id,
        "client_id": pay.client_id,
        "merchant": unit.payee,
        "merchant_email": merchant.email,
        "payer": pay.payer.account_id if pay.payer else None,
        "source": pay.source.kind,
        "currency": unit.currency,
        "amount": unit.amount,
        "details": Details(unit.invoice_id, unit.custom_id, unit.soft_descriptor, unit.note, unit.disbursement_mode),
    }


def _card_of(pay: Pay) -> Card | None:
    source = pay.source
    if source.kind == "wallet":
        return None
    if source.token is None or source.expiry is None:
        raise InvalidRequest(Detail("MISSING_REQUIRED_PARAMETER", "A card payment names the card's token and expiry.", field="/source"))
    return Card(
        source.token, source.brand or "UNKNOWN", source.last_digits or "", source.expiry, source.scenario, of_wallet=pay.payer is not None
    )


def _fingerprint(pay: Pay) -> str:
    """What tells a repetition from another payment under the same key, whatever release wrote it."""
    return ";".join([pay.order_id, pay.intent, *(f"{unit.reference_id},{unit.currency},{unit.amount}" for unit in pay.units)])
