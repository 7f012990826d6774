"""The postings of payments: what moves between whom. Every posting has the id of what it is for, so that it happens once for ever."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from farthing.clients.ledger.errors import InsufficientFunds, TransferConflict
from farthing.clients.ledger.models import CLEARING, FEES, WALLET, AccountName, HoldUse, Leg, NewHold, Posting
from farthing.kit.errors import AnyError, OutcomeUnknown, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from farthing.clients.ledger.client import LedgerClient
    from farthing.payments.domain.authorization import Authorization
    from farthing.payments.domain.capture import Capture
    from farthing.payments.domain.intent import CapturePlan, ClosePlan, Intent, ReauthorizePlan, RefundPlan
    from farthing.payments.repository.intents import IntentRepository

PLATFORM: Final = "platform"
PROCESSOR: Final = "processor"
FENCE: Final = "cancelled"  # the kind of a posting that only takes an id, so that nobody can use it
_SLOW_SECONDS: Final = 1.0


class Books:
    """Posts, and takes back what the ledger refuses."""

    def __init__(self, ledger: LedgerClient, intents: IntentRepository) -> None:
        self._ledger, self._intents = ledger, intents

    async def post(self, posting: Posting) -> None:
        """Raises what the ledger refuses (InsufficientFunds, …), Unavailable, OutcomeUnknown."""
        try:
            await self._ledger.post(posting)
        except TransferConflict:
            if await self._is_fenced(posting):
                raise InsufficientFunds from None
            raise
        except AnyError:  # nothing that the ledger says to a posting: it may have been made all the same
            raise OutcomeUnknown from None

    async def post_surely(self, posting: Posting) -> None:
        """Post what the ledger has no reason to refuse. Raises Unavailable, OutcomeUnknown: then it has to be posted again."""
        try:
            await self.post(posting)
        except Refused:
            raise OutcomeUnknown from None

    async def post_or_withdraw(self, intent: Intent, posting: Posting, *, alone: bool) -> None:
        """Post; a refusal takes the intent back, before it is raised: a posting of it can then never be made any more.

        `alone`: the caller opened the intent. Whoever carries it out beside him has marked it as shared; then the posting's id is fenced
        first, which finds out whether the other one was luckier: if so this succeeds as well.
        """
        started = time.monotonic()
        try:
            await self.post(posting)
        except Refused:
            certain = alone and time.monotonic() - started < _SLOW_SECONDS  # a slow answer may be that of a second try
            if certain and await self._intents.withdraw(intent, even_if_shared=False):
                raise
            if await self._is_fenced(posting):
                await self._intents.withdraw(intent, even_if_shared=True)
                raise

    async def _is_fenced(self, posting: Posting) -> bool:
        """Take the posting's id, with legs that cancel out; False when the posting itself has been made."""
        currency = _currency_of(posting)
        fees, clearing = _account(PLATFORM, FEES, currency), _clearing(currency)
        legs = (Leg(debit=fees, credit=clearing, amount=1), Leg(debit=clearing, credit=fees, amount=1))
        try:
            await self._ledger.post(Posting(id=posting.id, kind=FENCE, reference=posting.reference, legs=legs))
        except TransferConflict:
            return False
        except (AnyError, Refused):  # nothing that the ledger says to such a posting
            raise OutcomeUnknown from None
        return True


def captures_posting(captures: Sequence[Capture]) -> Posting:
    """The captures of an order paid from a wallet, all or none; of a card, one."""
    first = captures[0]
    legs = tuple(leg for capture in captures for leg in _capture_legs(capture))
    return Posting(id=str(first.transfer), kind="capture", reference=first.order_id, legs=legs)


def authorizations_posting(authorizations: Sequence[Authorization]) -> Posting:
    """The holds of an order authorized by a wallet, all or none."""
    first = authorizations[0]
    places = tuple(
        NewHold(id=a.id, account=_wallet(str(a.payer), a.currency), amount=a.amount, reference=a.order_id) for a in authorizations
    )
    return Posting(id=first.id, kind="authorize", reference=first.order_id, places=places)


def capture_posting(plan: CapturePlan) -> Posting:
    """A capture of an authorization: out of its hold, and beyond it out of what the payer has."""
    capture = plan.capture
    uses = (HoldUse(hold=plan.hold, take=plan.take, close=plan.closes),) if plan.hold else ()
    legs = tuple(_capture_legs(capture))
    return Posting(id=str(capture.transfer), kind="capture", reference=capture.order_id, legs=legs, uses=uses)


def reauthorization_posting(plan: ReauthorizePlan) -> Posting:
    """The old hold goes and the new one comes in one step: in between nobody can take the money."""
    place = NewHold(id=plan.id, account=_wallet(plan.payer, plan.currency), amount=plan.amount, reference=plan.order_id)
    return Posting(id=plan.id, kind="reauthorize", reference=plan.order_id, uses=(HoldUse(hold=plan.hold, close=True),), places=(place,))


def release_posting(plan: ClosePlan) -> Posting | None:
    """What a hold still has is the payer's again. None when a card's bank holds it."""
    if plan.hold is None:
        return None
    return Posting(id=f"{plan.hold}.release", kind="release", reference=plan.order_id, uses=(HoldUse(hold=plan.hold, close=True),))


def refund_posting(plan: RefundPlan) -> Posting:
    """Back the way the money came; only here a merchant's wallet may end below zero."""
    legs = (_refund_leg(plan, plan.refund.amount), *_contribution_leg(plan))
    return Posting(id=plan.refund.id, kind="refund", reference=plan.refund.order_id, legs=legs)


def refund_reversal_posting(plan: RefundPlan) -> Posting:
    """What undoes the posting of a refund that the card's bank refused."""
    undone = tuple(Leg(debit=leg.credit, credit=leg.debit, amount=leg.amount) for leg in refund_posting(plan).legs)
    return Posting(id=f"{plan.refund.id}.reversal", kind="reversal", reference=plan.refund.order_id, legs=undone)


def _capture_legs(capture: Capture) -> Iterable[Leg]:
    merchant = _wallet(capture.merchant, capture.currency)
    payer = _clearing(capture.currency) if capture.source == "card" else _wallet(str(capture.payer), capture.currency)
    yield Leg(debit=payer, credit=merchant, amount=capture.amount)
    if capture.fee:
        yield Leg(debit=merchant, credit=_account(PLATFORM, FEES, capture.currency), amount=capture.fee)
    if capture.platform_fee:
        yield Leg(debit=merchant, credit=_wallet(str(capture.platform_payee), capture.currency), amount=capture.platform_fee)


def _refund_leg(plan: RefundPlan, amount: int) -> Leg:
    currency = plan.refund.currency
    payer = _clearing(currency) if plan.payer is None else _wallet(plan.payer, currency)
    return Leg(debit=_wallet(plan.refund.merchant, currency), credit=payer, amount=amount, floor=plan.floor)


def _contribution_leg(plan: RefundPlan) -> Iterable[Leg]:
    refund = plan.refund
    if refund.contribution:
        platform = _wallet(str(plan.platform_payee), refund.currency)
        yield Leg(debit=platform, credit=_wallet(refund.merchant, refund.currency), amount=refund.contribution)


def _wallet(account: str, currency: str) -> AccountName:
    return _account(account, WALLET, currency)


def _clearing(currency: str) -> AccountName:
    return _account(PROCESSOR, CLEARING, currency)


@lru_cache(maxsize=10_000)
def _account(owner: str, kind: str, currency: str) -> AccountName:
    """Names are checked when they are made, which costs more than the rest of a posting: those of busy accounts are made once."""
    return AccountName(owner=owner, kind=kind, currency=currency)


def _currency_of(posting: Posting) -> str:
    account = posting.legs[0].debit if posting.legs else posting.places[0].account
    return account.currency
