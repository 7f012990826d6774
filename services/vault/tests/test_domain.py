from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farthing.vault import domain


@pytest.mark.parametrize(
    ("number", "brand"),
    [
        ("4012888888881881", "VISA"),
        ("2223000048400011", "MASTERCARD"),
        ("371449635398431", "AMEX"),
        ("6011111111111117", "DISCOVER"),
        ("3530111333300000", "JCB"),
        ("30569309025904", "DINERS"),
    ],
)
def test_a_number_tells_its_brand(number: str, brand: str) -> None:
    assert domain.digits_of(number) == number
    assert domain.brand_of(number) == brand


def test_every_listed_test_card_is_a_card_number() -> None:
    assert [number for number in sorted(domain.TEST_CARDS) if domain.digits_of(number) is None] == []


@given(st.sampled_from(sorted(domain.TEST_CARDS)), st.data())
def test_one_wrong_digit_is_noticed(number: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(number) - 1))
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != number[place]]))
    assert domain.digits_of(number[:place] + other + number[place + 1 :]) is None


@pytest.mark.parametrize("text", ["", "4012", "4012 8888 8888 188x", "\u0664" * 16, "40128888888818814012888"])
def test_what_is_not_a_number_is_refused(text: str) -> None:
    assert domain.digits_of(text) is None


def test_a_card_is_good_to_the_end_of_its_month() -> None:
    assert not domain.is_expired("2026-11", datetime(2026, 11, 30, 23, 59, tzinfo=UTC))
    assert domain.is_expired("2026-11", datetime(2026, 12, 1, tzinfo=UTC))


def test_only_a_whole_name_is_a_scenario() -> None:
    assert domain.scenario_of("CCREJECT-REFUSED") == "CCREJECT-REFUSED"
    assert domain.scenario_of("ccreject-refused") == ""
    assert domain.scenario_of("Mrs CCREJECT-REFUSED") == ""
