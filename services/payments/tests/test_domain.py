from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from farthing.kit.errors import Refused
from farthing.money import Money
from farthing.payments.domain.authorization import OPEN, TRANSITIONS, VALIDITY, Authorization, AuthorizationStatus, Closing
from farthing.payments.domain.capture import TRANSITIONS as CAPTURE_TRANSITIONS
from farthing.payments.domain.capture import Capture, CaptureStatus, Refund
from farthing.payments.domain.rates import NO_OVERAGE, Merchant
from farthing.payments.errors import MaxCaptureAmountExceeded, MaxCaptureCountExceeded, MaxNumberOfRefundsExceeded
from farthing.payments.repository.rows import AUTHORIZATION, CAPTURE, REFUND

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MERCHANT = Merchant("M", "m@example.com", "US", {"wallet": Decimal("3.49"), "card": Decimal("2.59")}, {"USD": 49}, {"USD": 10_00})
_S = AuthorizationStatus


def authorization(amount: int = 100_00, limit: int | None = None) -> Authorization:
    return Authorization(
        **named("id", "intent", "order_id", "reference_id", "client_id", "merchant", "merchant_email", "payer", "hold"),
        source="wallet",
        currency="USD",
        amount=amount,
        granted=amount,
        capture_limit=MERCHANT.capture_limit(usd(amount)).minor if limit is None else limit,
        status=_S.CREATED,
        created=NOW,
        updated=NOW,
        honored_until=NOW + timedelta(days=3),
        expires=NOW + VALIDITY,
    )


def capture(amount: int = 100_00, fee: int = 3_98) -> Capture:
    return Capture(
        **named(
            "id", "intent", "order_id", "authorization_id", "reference_id", "client_id", "merchant", "merchant_email", "payer", "transfer"
        ),
        source="wallet",
        currency="USD",
        amount=amount,
        fee=fee,
        platform_fee=0,
        platform_payee=None,
        status=CaptureStatus.COMPLETED,
        created=NOW,
        updated=NOW,
    )


def named(*names: str) -> dict[str, Any]:
    return dict.fromkeys(names, "X")


def usd(minor: int) -> Money:
    return Money("USD", minor)


class TestFees:
    @pytest.mark.parametrize(
        ("amount", "source", "fee"),
        [
            (usd(100_00), "wallet", usd(3_98)),
            (usd(100_00), "card", usd(3_08)),
            (usd(10_00), "wallet", usd(84)),  # 34.9 + 49, rounded half-up
            (usd(1), "wallet", usd(1)),
            (Money("JPY", 1000), "wallet", Money("JPY", 35)),
        ],
    )
    def test_percent_plus_fixed(self, amount: Money, source: str, fee: Money) -> None:
        assert MERCHANT.fee(amount, "card" if source == "card" else "wallet") == fee

    def test_halves_go_up(self) -> None:
        assert replace(MERCHANT, percent={"wallet": Decimal("3.5")}, fixed={}).fee(usd(100), "wallet") == usd(4)

    @given(st.integers(1, 10**12), st.decimals(0, 99, places=2), st.integers(0, 10**6))
    def test_never_more_than_the_payment(self, amount: int, percent: Decimal, fixed: int) -> None:
        fee = replace(MERCHANT, percent={"wallet": percent}, fixed={"USD": fixed}).fee(usd(amount), "wallet")
        assert 0 <= fee.minor <= amount


class TestLimit:
    @pytest.mark.parametrize(
        ("country", "amount", "limit"),
        [
            ("US", usd(100_00), usd(115_00)),
            ("US", usd(1), usd(1)),
            ("US", usd(500_00), usd(575_00)),
            ("US", usd(500_01), usd(575_01)),
            ("US", usd(1000_00), usd(1075_00)),
            ("US", Money("EUR", 1000_00), Money("EUR", 1150_00)),
            ("US", Money("JPY", 99), Money("JPY", 113)),
            ("DE", usd(100_00), usd(100_00)),
        ],
    )
    def test_of_captures(self, country: str, amount: Money, limit: Money) -> None:
        assert replace(MERCHANT, country=country).capture_limit(amount) == limit

    def test_psd2_countries(self) -> None:
        assert len(NO_OVERAGE) == 31
        assert "US" not in NO_OVERAGE


class TestTransitions:
    @pytest.mark.parametrize(("now", "then"), list(product(AuthorizationStatus, AuthorizationStatus)))
    def test_an_authorization_moves_only_along_its_table(self, now: AuthorizationStatus, then: AuthorizationStatus) -> None:
        found = replace(authorization(), status=now)
        if then in TRANSITIONS[now]:
            assert found._moved_to(then).status is then
        else:
            with pytest.raises(ValueError, match="cannot become"):
                found._moved_to(then)

    def test_every_status_has_its_place(self) -> None:
        assert set(TRANSITIONS) == set(AuthorizationStatus)
        assert set(CAPTURE_TRANSITIONS) == set(CaptureStatus)
        assert {_S.CREATED, _S.PARTIALLY_CAPTURED} == OPEN

    @pytest.mark.parametrize("status", [CaptureStatus.REFUNDED, CaptureStatus.DECLINED, CaptureStatus.PENDING])
    def test_a_capture_is_not_refunded_from_there(self, status: CaptureStatus) -> None:
        with pytest.raises(ValueError, match="cannot become"):
            replace(capture(), status=status).after_refund(1, 0, NOW)
        with pytest.raises(Refused):
            replace(capture(), status=status).amount_to_refund(None, NOW)


class TestCounts:
    def test_a_hundred_captures(self) -> None:
        with pytest.raises(MaxCaptureCountExceeded):
            replace(authorization(), captures=100).amount_to_capture(usd(1), NOW)
        assert replace(authorization(), captures=99).amount_to_capture(usd(1), NOW) == usd(1)

    def test_a_hundred_refunds(self) -> None:
        with pytest.raises(MaxNumberOfRefundsExceeded):
            replace(capture(), refunds=100).amount_to_refund(usd(1), NOW)
        assert replace(capture(), refunds=99).amount_to_refund(usd(1), NOW) == usd(1)


def test_rows_have_the_order_of_the_fields() -> None:
    for names, kind in ((AUTHORIZATION, Authorization), (CAPTURE, Capture), (REFUND, Refund)):
        assert names.split(", ") == [field.name for field in fields(kind)]


AMOUNTS = st.integers(1, 130_00)


class Lifetime(RuleBasedStateMachine):
    """An authorization, what it captured and what was refunded, against a model of plain sums: money in is money out."""

    @initialize(amount=st.integers(1, 100_00), country=st.sampled_from(["US", "DE"]))
    def authorize(self, amount: int, country: str) -> None:
        self.merchant = replace(MERCHANT, country=country)
        limit = self.merchant.capture_limit(usd(amount)).minor
        self.authorization, self.now, self.amount = authorization(amount, limit), NOW, amount
        self.wallet, self.held = 1_000_00, amount
        self.merchants, self.fees = 0, 0
        self.captures: list[Capture] = []
        self.closed = False

    @rule(amount=st.none() | AMOUNTS, final=st.booleans())
    def capture(self, amount: int | None, final: bool) -> None:
        before = self.authorization
        try:
            taken = before.amount_to_capture(None if amount is None else usd(amount), self.now).minor
        except MaxCaptureAmountExceeded:
            assert amount is not None
            assert sum(c.amount for c in self.captures) + amount > before.capture_limit
            return
        except Refused:
            assert self.closed or self.now >= before.expires or (amount is None and self.held == 0)
            return
        assert not self.closed
        fee = self.merchant.fee(usd(taken), "wallet").minor
        self.captures.append(capture(taken, fee))
        self.authorization = before.after_capture(taken, final=final, now=self.now)
        self.wallet, self.merchants, self.fees = self.wallet - taken, self.merchants + taken - fee, self.fees + fee
        taken = sum(c.amount for c in self.captures)
        self.closed = final or taken == before.capture_limit
        self.held = 0 if self.closed else max(0, before.granted - taken)

    @rule(amount=st.none() | AMOUNTS)
    def reauthorize(self, amount: int | None) -> None:
        try:
            granted = self.authorization.amount_to_reauthorize(None if amount is None else usd(amount), self.now).minor
        except Refused:
            return
        assert not self.captures
        assert self.now >= self.authorization.honored_until
        self.authorization = self.authorization.after_reauthorization("R", granted, self.now)
        self.held = granted

    @rule()
    def void(self) -> None:
        try:
            self.authorization.refuse_unless_voidable(self.now)
        except Refused:
            assert self.closed or self.now >= self.authorization.expires or self.held == 0
            return
        assert self.held > 0
        self.authorization = self.authorization.after_closing(Closing.VOID, self.now)
        self.closed, self.held = True, 0

    @rule(days=st.integers(1, 20))
    def wait(self, days: int) -> None:
        self.now += timedelta(days=days)
        if self.now >= self.authorization.expires and self.authorization.status in OPEN:
            self.authorization = self.authorization.after_closing(Closing.EXPIRY, self.now)
            self.closed, self.held = True, 0

    @precondition(lambda self: self.captures)
    @rule(place=st.integers(0, 10), amount=st.none() | AMOUNTS)
    def refund(self, place: int, amount: int | None) -> None:
        found = self.captures[place % len(self.captures)]
        try:
            given = found.amount_to_refund(None if amount is None else usd(amount), self.now).minor
        except Refused:
            left = found.amount - found.refunded
            assert left == 0 or (amount or 0) > left or self.now > found.created + timedelta(days=180)
            return
        self.captures[place % len(self.captures)] = found.after_refund(given, 0, self.now)
        self.wallet, self.merchants = self.wallet + given, self.merchants - given

    @invariant()
    def money_in_is_money_out(self) -> None:
        assert self.wallet + self.merchants + self.fees == 1_000_00

    @invariant()
    def sums_never_exceed(self) -> None:
        a = self.authorization
        assert a.captured == sum(c.amount for c in self.captures) <= a.capture_limit
        assert a.captures == len(self.captures)
        assert (a.remaining, a.status in OPEN) == (self.held, not self.closed)
        for found in self.captures:
            assert found.refunded <= found.amount
            assert (found.status is CaptureStatus.REFUNDED) == (found.refunded == found.amount)
            assert (found.status is CaptureStatus.COMPLETED) == (found.refunded == 0)

    @invariant()
    def the_status_says_what_was_captured(self) -> None:
        if self.authorization.status is _S.CREATED:
            assert not self.captures
        if self.authorization.status in {_S.PARTIALLY_CAPTURED, _S.CAPTURED}:
            assert self.captures
        if self.authorization.captured >= self.authorization.granted:
            assert self.authorization.shown_status is _S.CAPTURED


TestLifetime = Lifetime.TestCase
TestLifetime.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
