"""What a card number says about itself, and which cards a sandbox takes."""

from __future__ import annotations

import re
from datetime import datetime

_DIGITS = re.compile(r"[0-9]{12,19}")
_BRANDS = (
    (re.compile(r"3[47]"), "AMEX"),
    (re.compile(r"35(2[89]|[3-8])"), "JCB"),
    (re.compile(r"3(0[0-5]|[689])"), "DINERS"),
    (re.compile(r"6(011|5|4[4-9])"), "DISCOVER"),
    (re.compile(r"5[1-5]|2(22[1-9]|2[3-9]|[3-6]|7[01]|720)"), "MASTERCARD"),
    (re.compile(r"(5018|5020|5038|6304|67)"), "MAESTRO"),
    (re.compile(r"4"), "VISA"),
)
# Static test numbers that payment companies publish for their sandboxes (wire contract, section 7.5); none of them was ever issued.
TEST_CARDS = frozenset(
    {
        *("4012888888881881", "4111111111111111", "4032039317984658", "4005519200000004", "4009348888881881", "4012000033330026"),
        *("4000000000000002", "4242424242424242", "4868719460707704", "4032032452071167", "4500600000000061"),
        *("2223000048400011", "5555555555554444", "5105105105105100", "5329879786234393", "2223016768739313", "5200000000001096"),
        *(
            "371449635398431",
            "378282246310005",
            "376680816376961",
            "6011111111111117",
            "6011000990139424",
            "3530111333300000",
            "30569309025904",
        ),
    }
)
_SCENARIO = re.compile(r"CCREJECT-[A-Z_]{2,20}")


def digits_of(number: str) -> str | None:
    """The number without blanks and hyphens, or None when it is not a card number (ISO/IEC 7812: length and Luhn check digit)."""
    digits = number.replace(" ", "").replace("-", "")
    return digits if _DIGITS.fullmatch(digits) and _luhn(digits) else None


def brand_of(digits: str) -> str:
    return next((brand for pattern, brand in _BRANDS if pattern.match(digits)), "UNKNOWN")


def scenario_of(name: str | None) -> str:
    """The decline that a card name asks for; case-sensitive, the whole name (wire contract, section 7.5)."""
    return name if name and _SCENARIO.fullmatch(name) else ""


def is_expired(expiry: str, now: datetime) -> bool:
    """A card is good until the end of the month of its expiry (YYYY-MM)."""
    year, month = int(expiry[:4]), int(expiry[5:])
    return (year, month) < (now.year, now.month)


def _luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if place % 2 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0
