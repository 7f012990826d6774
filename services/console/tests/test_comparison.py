"""What payments says against what the books say, line by line, and what is remembered on the way."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Any

import pytest

from farthing.clients.ledger.models import AccountName, Hold, Transfer, TransferLeg
from farthing.clients.payments.models import AuthorizationLine, CaptureLine, RefundLine
from farthing.console.operations.comparison import Comparison


@dataclass(frozen=True)
class PaymentsSide:
    captures: tuple[CaptureLine, ...] = ()
    refunds: tuple[RefundLine, ...] = ()
    authorizations: tuple[AuthorizationLine, ...] = ()


@dataclass(frozen=True)
class LedgerSide:
    transfers: tuple[Transfer, ...] = ()
    holds: tuple[Hold, ...] = ()


def differences(payments: PaymentsSide, ledger: LedgerSide) -> dict[str, str]:
    """The same whichever side is read first, and one line at a time."""
    found = []
    for books_first in (False, True):
        read = Comparison()
        read.take_refunds(payments.refunds)
        if books_first:
            read.take_transfers(ledger.transfers)
        for line in payments.captures:
            read.take_captures([line])
        if not books_first:
            read.take_transfers(ledger.transfers)
        read.take_authorizations(payments.authorizations)
        read.take_holds(ledger.holds)
        found.append(read.differences())
    assert found[0] == found[1]
    return found[0]


def wallet(owner: str) -> AccountName:
    return AccountName(owner=owner, kind="wallet", currency="USD")


CLEARING = AccountName(owner="processor", kind="clearing", currency="USD")
FEES = AccountName(owner="platform", kind="fees", currency="USD")


def leg(debit: AccountName, credit: AccountName, amount: int) -> TransferLeg:
    return TransferLeg(debit=debit, credit=credit, amount=amount)


def transfer(id: str, kind: str, *legs: TransferLeg) -> Transfer:
    return Transfer(id=id, seq=1, kind=kind, reference="O", posted_at="2026-01-01T00:00:00Z", legs=legs)


def capture(id: str, **changes: Any) -> CaptureLine:
    values = {"seq": 1, "id": id, "order_id": "O", "transfer": "T1", "source": "wallet", "payer": "B", "payee": "S", "amount": 1000}
    values |= {"fee": 50, "platform_fee": 0, "refunded": 0, "currency": "USD", "status": "COMPLETED", "in_flight": False}
    return CaptureLine.model_validate(values | changes)


def refund(**changes: Any) -> RefundLine:
    values = {"seq": 1, "id": "R1", "capture_id": "C1", "transfer": "R1", "payee": "S", "amount": 300, "currency": "USD"}
    return RefundLine.model_validate(values | {"status": "COMPLETED"} | changes)


def authorization(**changes: Any) -> AuthorizationLine:
    values = {"seq": 1, "id": "A1", "order_id": "O", "hold": "H1", "payer": "B", "remaining": 700, "currency": "USD", "in_flight": False}
    return AuthorizationLine.model_validate(values | changes)


def hold(**changes: Any) -> Hold:
    values = {"id": "H1", "account": wallet("B"), "amount": 1000, "remaining": 700, "reference": "O", "placed_at": "2026-01-01T00:00:00Z"}
    return Hold.model_validate(values | changes)


# A wallet pays two merchants in one transfer, one of whom shares with a platform; a part comes back, of which the platform gives its share.
PAID = transfer(
    "T1",
    "capture",
    leg(wallet("B"), wallet("S"), 1000),
    leg(wallet("S"), FEES, 50),
    leg(wallet("B"), wallet("M"), 1000),
    leg(wallet("M"), FEES, 50),
    leg(wallet("M"), wallet("P"), 100),
)
BACK = transfer("R1", "refund", leg(wallet("S"), wallet("B"), 300), leg(wallet("P"), wallet("S"), 20))
SEED = transfer("seed", "funding", leg(wallet("sandbox"), wallet("B"), 5000))
PAYMENTS = PaymentsSide(
    captures=(capture("C1", refunded=300), capture("C2", payee="M", platform_fee=100)),
    refunds=(refund(),),
    authorizations=(authorization(),),
)
BOOKS = LedgerSide((SEED, PAID, BACK), (hold(),))


def books(*transfers: Transfer) -> LedgerSide:
    return replace(BOOKS, transfers=transfers)


def test_what_fits_is_silent() -> None:
    assert differences(PAYMENTS, BOOKS) == {}


def test_cards_pay_through_clearing_and_declined_ones_not_at_all() -> None:
    by_card = PaymentsSide(
        captures=(capture("C1", source="card", payer=None, refunded=300), capture("C2", source="card", payer=None, transfer=None)),
        refunds=(refund(),),
    )
    paid = transfer("T1", "capture", leg(CLEARING, wallet("S"), 1000), leg(wallet("S"), FEES, 50))
    back = transfer("R1", "refund", leg(wallet("S"), CLEARING, 300))
    assert differences(by_card, LedgerSide((paid, back))) == {}
    wallet_instead = transfer("R1", "refund", leg(wallet("S"), wallet("B"), 300))
    assert differences(by_card, LedgerSide((paid, wallet_instead))) == {
        "R1": "transfer R1: the books lack 300 from S/wallet/USD to processor/clearing/USD"
    }


def test_a_failed_refund_is_taken_back() -> None:
    failed = replace(PAYMENTS, captures=(capture("C1"), PAYMENTS.captures[1]), refunds=(refund(status="FAILED"),))
    undone = transfer("R1.reversal", "reversal", leg(wallet("B"), wallet("S"), 300), leg(wallet("S"), wallet("P"), 20))
    assert differences(failed, books(PAID, BACK, undone)) == {}
    assert differences(failed, BOOKS) == {"R1.reversal": "transfer R1.reversal: payments has it, the books do not"}


def test_fences_and_holds_are_no_payments() -> None:
    fence = transfer("T9", "cancelled", leg(FEES, CLEARING, 1), leg(CLEARING, FEES, 1))
    assert differences(PAYMENTS, books(PAID, BACK, fence, transfer("A1", "authorize"))) == {}


@pytest.mark.parametrize(
    ("legs", "said"),
    [
        ((leg(wallet("B"), wallet("S"), 999), leg(wallet("S"), FEES, 50)), "the books lack 1000 from B/wallet/USD to S/wallet/USD"),
        ((leg(wallet("B"), wallet("S"), 1000), leg(wallet("S"), FEES, 49)), "the books lack 50 from S/wallet/USD to platform/fees/USD"),
        ((leg(wallet("X"), wallet("S"), 1000), leg(wallet("S"), FEES, 50)), "the books lack 1000 from B/wallet/USD to S/wallet/USD"),
        ((leg(wallet("B"), wallet("S"), 1000),), "the books lack 50 from S/wallet/USD to platform/fees/USD"),
        (
            (leg(wallet("B"), wallet("S"), 1000), leg(wallet("S"), FEES, 50), leg(wallet("S"), wallet("X"), 7)),
            "payments does not know of 7 from S/wallet/USD to X/wallet/USD",
        ),
        (
            (leg(wallet("B"), wallet("S"), 1000), leg(wallet("B"), wallet("S"), 1000), leg(wallet("S"), FEES, 50)),
            "payments does not know of 1000 from B/wallet/USD to S/wallet/USD",
        ),
    ],
)
def test_a_transfer_that_says_something_else(legs: tuple[TransferLeg, ...], said: str) -> None:
    payments = PaymentsSide(captures=(capture("C1"),))
    assert differences(payments, LedgerSide((transfer("T1", "capture", *legs),))) == {"T1": f"transfer T1: {said}"}


def test_a_platform_fee_may_go_to_anybody_but_must_go() -> None:
    payments = PaymentsSide(captures=(capture("C1", platform_fee=100),))
    legs = (leg(wallet("B"), wallet("S"), 1000), leg(wallet("S"), FEES, 50))
    assert differences(payments, LedgerSide((transfer("T1", "capture", *legs, leg(wallet("S"), wallet("Q"), 100)),))) == {}
    found = differences(payments, LedgerSide((transfer("T1", "capture", *legs),)))
    assert found == {"T1": "transfer T1: the books lack 100 from S/wallet/USD to somebody"}


def test_what_one_side_alone_has() -> None:
    assert differences(PAYMENTS, books(SEED, BACK)) == {"T1": "transfer T1: payments has it, the books do not"}
    assert differences(PAYMENTS, books(SEED, PAID)) == {"R1": "transfer R1: payments has it, the books do not"}
    more = transfer("T2", "capture", leg(wallet("B"), wallet("S"), 1))
    assert differences(PAYMENTS, books(SEED, PAID, BACK, more)) == {
        "T2": "transfer T2: the books have a capture that payments does not know"
    }


def test_holds() -> None:
    assert differences(PAYMENTS, replace(BOOKS, holds=())) == {"H1": "hold H1: authorization A1 is open, the hold is not"}
    for other, told in (
        (hold(remaining=600), "600 of B/wallet/USD"),
        (hold(account=wallet("X")), "700 of X/wallet/USD"),
        (hold(account=AccountName(owner="B", kind="wallet", currency="EUR")), "700 of B/wallet/EUR"),
    ):
        said = f"hold H1: {told} is held, authorization A1 has 700 USD of B"
        assert differences(PAYMENTS, replace(BOOKS, holds=(other,))) == {"H1": said}
    orphan = replace(BOOKS, holds=(hold(), hold(id="H2")))
    assert differences(PAYMENTS, orphan) == {"H2": "hold H2: it is open, and no open authorization has it"}
    held_by_bank = replace(PAYMENTS, authorizations=(authorization(hold=None),))
    assert differences(held_by_bank, replace(BOOKS, holds=())) == {}


def test_payments_within_itself() -> None:
    wrong = replace(PAYMENTS, captures=(capture("C1", refunded=301), PAYMENTS.captures[1]))
    assert differences(wrong, BOOKS) == {"C1": "capture C1: 301 is refunded, its refunds are 300"}


def test_what_fits_is_forgotten_so_memory_does_not_grow_with_the_books() -> None:
    """100 pages of checkouts, in another order on each side, with a refund here and there and one capture that is missing."""
    chance, read, most = random.Random(7), Comparison(), 0
    pages = [[number for number in range(page * 50, page * 50 + 50) if number != 4321] for page in range(100)]
    refunded = {number for page in pages for number in page if number % 50 == 0}
    read.take_refunds(refund(id=f"R{n}", transfer=f"R{n}", capture_id=f"C{n}") for n in refunded)
    for page in pages:
        chance.shuffle(page)
        read.take_captures(capture(f"C{n}", transfer=f"T{n}", refunded=300 * (n in refunded)) for n in page)
        back = [transfer(f"R{n}", "refund", leg(wallet("S"), wallet("B"), 300)) for n in page if n in refunded]
        paid = (leg(wallet("B"), wallet("S"), 1000), leg(wallet("S"), FEES, 50))
        read.take_transfers([*(transfer(f"T{n}", "capture", *paid) for n in sorted(page)), *back])
        if page[0] // 50 == 4321 // 50:
            read.take_transfers([transfer("T4321", "capture", *paid)])
        most = max(most, read.kept - len([n for n in refunded if n > max(page)]))
    assert read.differences() == {"T4321": "transfer T4321: the books have a capture that payments does not know"}
    assert (read.captures, most) == (4999, 1)
