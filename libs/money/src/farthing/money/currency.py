"""The 25 currencies of the public API and their decimals (wire contract, section 7.15; ISO 4217)."""

from __future__ import annotations

CURRENCIES: dict[str, int] = dict.fromkeys(
    (
        *("AUD", "BRL", "CAD", "CNY", "CZK", "DKK", "EUR", "HKD", "ILS", "MYR", "MXN"),
        *("NZD", "NOK", "PHP", "PLN", "GBP", "RUB", "SGD", "SEK", "CHF", "THB", "USD"),
    ),
    2,
) | {"HUF": 0, "JPY": 0, "TWD": 0}


class UnknownCurrency(ValueError):
    """The code is not one of the currencies that can be paid in."""


def decimals_of(currency: str) -> int:
    """Answer how many digits follow the decimal point. Raises UnknownCurrency."""
    try:
        return CURRENCIES[currency]
    except KeyError:
        raise UnknownCurrency(currency) from None
