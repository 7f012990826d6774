from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farthing.money import CURRENCIES, AmountError, Ids, Money, UnknownCurrency

amounts = st.builds(Money, st.sampled_from(sorted(CURRENCIES)), st.integers(-(10**15), 10**15))


@given(amounts)
def test_the_wire_value_reads_back_as_the_same_money(money: Money) -> None:
    assert Money.parse(money.currency, money.value) == money


def test_there_are_25_currencies_and_three_take_no_decimals() -> None:
    assert len(CURRENCIES) == 25
    assert {code for code, decimals in CURRENCIES.items() if decimals == 0} == {"HUF", "JPY", "TWD"}


@pytest.mark.parametrize(
    ("currency", "value", "minor"),
    [
        ("USD", "10.00", 1000),
        ("USD", "10", 1000),
        ("USD", "0.1", 10),
        ("JPY", "7", 7),
        ("EUR", "-3.50", -350),
        ("USD", ".5", 50),
        ("USD", "-.05", -5),
    ],
)
def test_reads_decimal_strings(currency: str, value: str, minor: int) -> None:
    assert Money.parse(currency, value) == Money(currency, minor)


@pytest.mark.parametrize(
    ("currency", "value", "issue"),
    [
        ("USD", "1.234", "DECIMAL_PRECISION"),
        ("JPY", "1.0", "DECIMALS_NOT_SUPPORTED"),
        ("USD", "1e3", "INVALID_PARAMETER_SYNTAX"),
        ("USD", "", "INVALID_PARAMETER_SYNTAX"),
        ("USD", " 1", "INVALID_PARAMETER_SYNTAX"),
        ("USD", "1\n", "INVALID_PARAMETER_SYNTAX"),
        ("USD", "\u0661", "INVALID_PARAMETER_SYNTAX"),
        ("USD", "NaN", "INVALID_PARAMETER_SYNTAX"),
        ("USD", ".", "INVALID_PARAMETER_SYNTAX"),
        ("USD", "5.", "INVALID_PARAMETER_SYNTAX"),
        ("USD", "-", "INVALID_PARAMETER_SYNTAX"),
        ("JPY", ".5", "DECIMALS_NOT_SUPPORTED"),
        ("USD", "99999999999999999", "INVALID_PARAMETER_VALUE"),
    ],
)
def test_refuses_what_is_not_an_amount(currency: str, value: str, issue: str) -> None:
    with pytest.raises(AmountError) as error:
        Money.parse(currency, value)
    assert error.value.issue == issue


def test_refuses_an_unknown_currency() -> None:
    with pytest.raises(UnknownCurrency):
        Money.parse("XXX", "1.00")


def test_rounds_a_share_half_up_at_the_currency_precision() -> None:
    assert Money("USD", 5880).share(Decimal("3.4")) == Money("USD", 200)
    assert Money("JPY", 50).share(Decimal(3)) == Money("JPY", 2)


def test_currencies_do_not_mix() -> None:
    with pytest.raises(ValueError, match="USD and EUR"):
        Money("USD", 1) + Money("EUR", 1)


def test_seeded_ids_repeat_and_have_the_public_shapes() -> None:
    first, second = Ids(7), Ids(7)
    assert [first.resource() for _ in range(3)] == [second.resource() for _ in range(3)]
    assert len(first.resource()) == 17
    assert re.fullmatch("[2-9A-HJ-NP-Z]{13}", first.account())
    assert len({Ids().resource() for _ in range(1000)}) == 1000


def test_seeded_ids_go_on_with_others_when_they_begin_again() -> None:
    made = [Ids(7) for _ in range(4)]
    for time, ids in zip((2, 2, 3), made[1:], strict=True):
        ids.begin_again(time)
    first, second, twin, third = (ids.resource() for ids in made)
    assert second == twin
    assert len({first, second, third}) == 3
