"""What payments says happened, against what the books say: fed page by page, keeping only what does not fit yet."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from farthing.clients.ledger.models import CLEARING, FEES, WALLET, AccountName, Hold, Transfer
from farthing.clients.payments.models import AuthorizationLine, CaptureLine, RefundLine

FAILED: Final = "FAILED"
KINDS: Final = ("capture", "refund", "reversal")  # of transfers that only payments makes


@dataclass(frozen=True, slots=True)
class _Leg:
    """`debit` or `credit` None: an account that payments does not tell."""

    debit: AccountName | None
    credit: AccountName | None
    amount: int


@dataclass(frozen=True, slots=True)
class _Refund:
    """What a refund is remembered by until its capture comes."""

    transfer: str
    payee: str
    amount: int
    currency: str
    failed: bool


@dataclass(slots=True)
class _Half:
    """One transfer, as far as it was read on either side. `of_capture`: it pays, and gives nothing back."""

    of_capture: bool
    wanted: list[_Leg] = field(default_factory=list)
    posted: Transfer | None = None


class Comparison:
    """Both sides, a page at a time. What fits is forgotten at once.

    Kept are refunds until their captures come, open holds, and what differs or was read on one side only: so the two are read side by side.
    All refunds come before the first capture.
    """

    def __init__(self) -> None:
        self.captures = self.refunds = self.authorizations = 0
        self.changing: set[str] = set()
        self.ahead = 0  # transfers of captures that only payments has so far, less those that only the books have
        self._refunds: dict[str, list[_Refund]] = {}
        self._halves: dict[str, _Half] = {}
        self._within: dict[str, str] = {}
        self._open: dict[str, tuple[str, int, str | None, str]] = {}

    @property
    def kept(self) -> int:
        """How many things are remembered now."""
        return len(self._refunds) + len(self._halves) + len(self._within) + len(self._open)

    def take_refunds(self, lines: Iterable[RefundLine]) -> None:
        for line in lines:
            self.refunds += 1
            found = _Refund(line.transfer, sys.intern(line.payee), line.amount, sys.intern(line.currency), line.status == FAILED)
            self._refunds.setdefault(line.capture_id, []).append(found)

    def take_captures(self, lines: Iterable[CaptureLine]) -> None:
        for line in lines:
            self.captures += 1
            if line.in_flight:
                self.changing.add(line.id)
            if line.transfer is not None:
                self._want(line.transfer, list(_capture_legs(line)), of_capture=True)
            self._give_back(line.id, _source(line), line.refunded)

    def take_transfers(self, transfers: Iterable[Transfer]) -> None:
        for transfer in transfers:
            if transfer.kind in KINDS:
                half = self._half(transfer.id, of_capture=transfer.kind == "capture")
                half.posted = transfer
                self._weigh(transfer.id, half)

    def take_authorizations(self, lines: Iterable[AuthorizationLine]) -> None:
        for line in lines:
            self.authorizations += 1
            if line.hold is not None:
                if line.in_flight:
                    self.changing.add(line.hold)
                self._open[line.hold] = (line.id, line.remaining, line.payer, line.currency)

    def take_holds(self, holds: Iterable[Hold]) -> None:
        """After all authorizations."""
        for hold in holds:
            line = self._open.pop(hold.id, None)
            if line is None:
                self._within[hold.id] = f"hold {hold.id}: it is open, and no open authorization has it"
            elif (hold.remaining, hold.account.owner, hold.account.currency) != line[1:]:
                kept = f"authorization {line[0]} has {line[1]} {line[3]} of {line[2]}"
                self._within[hold.id] = f"hold {hold.id}: {hold.remaining} of {_name(hold.account)} is held, {kept}"

    def differences(self) -> dict[str, str]:
        """When everything was read: by the id of a transfer, hold or capture one sentence about what does not fit."""
        for capture_id in list(self._refunds):  # whose capture payments does not have
            self._give_back(capture_id, None, 0)
        found = {id: f"transfer {id}: {_judged(half)}" for id, half in self._halves.items()}
        lost = {id: f"hold {id}: authorization {line[0]} is open, the hold is not" for id, line in self._open.items()}
        return found | lost | self._within

    def _give_back(self, capture_id: str, source: AccountName | None, said: int) -> None:
        """What was refunded of a capture. Payments within itself: what the capture says was refunded are its refunds."""
        refunds = self._refunds.pop(capture_id, [])
        for refund in refunds:
            payee = AccountName(owner=refund.payee, kind=WALLET, currency=refund.currency)
            self._want(refund.transfer, [_Leg(payee, source, refund.amount)])
            if refund.failed:
                self._want(f"{refund.transfer}.reversal", [_Leg(source, payee, refund.amount)])
        given = sum(refund.amount for refund in refunds if not refund.failed)
        if said != given:
            self._within[capture_id] = f"capture {capture_id}: {said} is refunded, its refunds are {given}"

    def _want(self, transfer: str, legs: list[_Leg], *, of_capture: bool = False) -> None:
        half = self._half(transfer, of_capture=of_capture)
        half.wanted += legs
        self._weigh(transfer, half)

    def _half(self, transfer: str, *, of_capture: bool) -> _Half:
        half = self._halves.setdefault(transfer, _Half(of_capture))
        self.ahead -= _ahead(half)
        return half

    def _weigh(self, transfer: str, half: _Half) -> None:
        if _judged(half) is None:
            del self._halves[transfer]
        else:
            self.ahead += _ahead(half)


def _ahead(half: _Half) -> int:
    return half.of_capture * (bool(half.wanted) - (half.posted is not None))


def _judged(half: _Half) -> str | None:
    """What is wrong with it, or nothing."""
    if half.posted is None:
        return "payments has it, the books do not"
    if not half.wanted:
        return f"the books have a {half.posted.kind} that payments does not know"
    return _misfit(half.wanted, half.posted)


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
