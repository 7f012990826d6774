from __future__ import annotations

from datetime import UTC, datetime

import pytest

from farthing.processor.domain import Request, Stored, Verdict, judge_card, judge_follow_up

NOW = datetime(2026, 5, 31, 23, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("scenario", "code"),
    [
        ("CCREJECT-REFUSED", "0500"),
        ("CCREJECT-SF", "9500"),
        ("CCREJECT-EC", "5400"),
        ("CCREJECT-IRC", "5180"),
        ("CCREJECT-IF", "5120"),
        ("CCREJECT-LS", "9520"),
        ("CCREJECT-IA", "1330"),
        ("CCREJECT-BANK_ERROR", "5100"),
        ("CCREJECT-CVV_F", "00N7"),
    ],
)
def test_a_scenario_declines(scenario: str, code: str) -> None:
    assert judge_card("VISA", "1881", "2035-12", scenario, NOW) == Verdict(code, "G", "P", "VISA")


@pytest.mark.parametrize(
    ("brand", "digits", "expiry", "verdict"),
    [
        ("VISA", "1881", "2035-12", Verdict("0000", "Y", "M", "VISA")),
        ("UNKNOWN", "1881", "2035-12", Verdict("0000", "Y", "M", None)),
        ("VISA", "1881", "2026-05", Verdict("0000", "Y", "M", "VISA")),
        ("VISA", "1881", "2026-04", Verdict("5400", "G", "P", "VISA")),
        ("VISA", "0002", "2035-12", Verdict("0500", "G", "P", "VISA")),
    ],
)
def test_a_card_without_a_scenario_is_judged_by_expiry_and_number(brand: str, digits: str, expiry: str, verdict: Verdict) -> None:
    assert judge_card(brand, digits, expiry, "", NOW) == verdict


def made(kind: str = "authorize", amount: int = 1000, used: int = 0, *, code: str = "0000", voided: bool = False) -> Stored:
    return Stored(Request("o", kind, amount, "USD"), Verdict(code, "Y", "M", "VISA"), used=used, voided=voided)


@pytest.mark.parametrize(
    ("kind", "amount", "original", "code"),
    [
        ("capture", 1150, made(), "0000"),
        ("capture", 1151, made(), "1310"),
        ("capture", 151, made(used=1000), "1310"),
        ("capture", 1, made(voided=True), "0R00"),
        ("capture", 1, made(code="0500"), "1312"),
        ("capture", 1, made("charge"), "1312"),
        ("capture", 1, None, "1312"),
        ("refund", 1000, made("charge"), "0000"),
        ("refund", 1001, made("charge"), "1310"),
        ("refund", 1, made("capture", used=1000), "1310"),
        ("refund", 1, made(), "1312"),
        ("void", 0, made(), "0000"),
        ("void", 0, made(voided=True), "0000"),
        ("void", 0, made("charge"), "1312"),
    ],
)
def test_a_follow_up_is_judged_by_its_original(kind: str, amount: int, original: Stored | None, code: str) -> None:
    assert judge_follow_up(Request("k", kind, amount, "USD", original="o"), original).response_code == code


def test_another_currency_is_no_amount_of_it() -> None:
    assert judge_follow_up(Request("k", "refund", 1, "EUR", original="o"), made("charge")).response_code == "1310"
