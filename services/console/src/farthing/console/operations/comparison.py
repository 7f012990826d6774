"""What payments says happened, against what the books say: pure, on two readings."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from farthing.clients.ledger.models import CLEARING, FEES, WALLET, AccountName, Hold, Transfer
from farthing.clients.payments.models import AuthorizationLine, CaptureLine, RefundLine

FAILED: Final = "FAILED"
_OF_PAYMENTS: Final = frozenset({"capture", "refund", "reversal"})  # kinds of transfers that only payments makes


@dataclass(frozen=True, slots=True)
class PaymentsSide:
    """`in_flight`: ids of transfers and holds that are being made."""

    captures: tuple[CaptureLine, ...] = ()
    refunds: tuple[RefundLine, ...] = ()
    authorizations: tuple[AuthorizationLine, ...] = ()
    in_flight: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class LedgerSide:
    transfers: tuple[Transfer, ...] = ()
    holds: tuple[Hold, ...] = ()


@dataclass(frozen=True, slots=True)
class _Leg:
    """`debit` or `credit` None: an account that payments does not tell."""

    debit: AccountName | None
    credit: AccountName | None
    amount: int


def differences(payments: PaymentsSide, ledger: LedgerSide) -> dict[str, str]:
    """By the id of a transfer, hold or capture: one sentence about what does not fit."""
    found = dict(_transfers(payments, ledger))
    found.update(_holds(payments, ledger))
    found.update(_refunded(payments))
    return found


def _transfers(payments: PaymentsSide, ledger: LedgerSide) -> Iterator[tuple[str, str]]:
    posted = {transfer.id: transfer for transfer in ledger.transfers if transfer.kind in _OF_PAYMENTS}
    wanted = _wanted_legs(payments)
    for id, legs in wanted.items():
        if id not in posted:
            yield id, f"transfer {id}: payments has it, the books do not"
        elif (wrong := _misfit(legs, posted[id])) is not None:
            yield id, f"transfer {id}: {wrong}"
    for id, transfer in posted.items():
        if id not in wanted:
            yield id, f"transfer {id}: the books have a {transfer.kind} that payments does not know"


def _wanted_legs(payments: PaymentsSide) -> dict[str, list[_Leg]]:
    wanted: dict[str, list[_Leg]] = defaultdict(list)
    captures = {capture.id: capture for capture in payments.captures}
    for capture in payments.captures:
        if capture.transfer is not None:
            wanted[capture.transfer] += _capture_legs(capture)
    for refund in payments.refunds:
        payee = AccountName(owner=refund.payee, kind=WALLET, currency=refund.currency)
        origin = captures.get(refund.capture_id)
        back = _Leg(payee, None if origin is None else _source(origin), refund.amount)
        wanted[refund.transfer].append(back)
        if refund.status == FAILED:
            wanted[f"{refund.transfer}.reversal"].append(_Leg(back.credit, back.debit, back.amount))
    return wanted


def _capture_legs(capture: CaptureLine) -> Iterator[_Leg]:
    payee = AccountName(owner=capture.payee, kind=WALLET, currency=capture.currency)
    yield _Leg(_source(capture), payee, capture.amount)
    if capture.fee:
        yield _Leg(payee, AccountName(owner="platform", kind=FEES, currency=capture.currency), capture.fee)
    if capture.platform_fee:
        yield _Leg(payee, None, capture.platform_fee)


def _source(capture: CaptureLine) -> AccountName:
    if capture.source == "card":
        return AccountName(owner="processor", kind=CLEARING, currency=capture.currency)
    return AccountName(owner=capture.payer or "", kind=WALLET, currency=capture.currency)


def _misfit(wanted: list[_Leg], transfer: Transfer) -> str | None:
    """What is missing of a transfer, or too much. Beside a refund a third party may give its share back to the payee."""
    left = Counter(_Leg(leg.debit, leg.credit, leg.amount) for leg in transfer.legs)
    for leg in sorted(wanted, key=lambda leg: None in (leg.debit, leg.credit)):
        fitting = next((found for found in left if left[found] and _fits(leg, found)), None)
        if fitting is None:
            return f"the books lack {_told(leg)}"
        left[fitting] -= 1
    more = next((found for found in left if left[found] and transfer.kind == "capture"), None)
    return None if more is None else f"payments does not know of {_told(more)}"


def _fits(wanted: _Leg, found: _Leg) -> bool:
    return wanted.amount == found.amount and wanted.debit in {None, found.debit} and wanted.credit in {None, found.credit}


def _told(leg: _Leg) -> str:
    return f"{leg.amount} from {_name(leg.debit)} to {_name(leg.credit)}"


def _name(account: AccountName | None) -> str:
    return "somebody" if account is None else f"{account.owner}/{account.kind}/{account.currency}"


def _holds(payments: PaymentsSide, ledger: LedgerSide) -> Iterator[tuple[str, str]]:
    held = {hold.id: hold for hold in ledger.holds}
    open_ones = {line.hold: line for line in payments.authorizations if line.hold is not None}
    for id, line in open_ones.items():
        hold = held.get(id)
        if hold is None:
            yield id, f"hold {id}: authorization {line.id} is open, the hold is not"
        elif (hold.remaining, hold.account.owner, hold.account.currency) != (line.remaining, line.payer, line.currency):
            kept = f"authorization {line.id} has {line.remaining} {line.currency} of {line.payer}"
            yield id, f"hold {id}: {hold.remaining} of {_name(hold.account)} is held, {kept}"
    for id in sorted(held.keys() - open_ones.keys()):
        yield id, f"hold {id}: it is open, and no open authorization has it"


def _refunded(payments: PaymentsSide) -> Iterator[tuple[str, str]]:
    """Payments within itself: what a capture says was refunded are its refunds."""
    given: Counter[str] = Counter()
    for refund in payments.refunds:
        if refund.status != FAILED:
            given[refund.capture_id] += refund.amount
    for capture in payments.captures:
        if capture.refunded != given[capture.id]:
            yield capture.id, f"capture {capture.id}: {capture.refunded} is refunded, its refunds are {given[capture.id]}"
