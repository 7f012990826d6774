"""Rate cards: the standard one, and how a merchant's own is completed from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from farthing.money import CURRENCIES

STANDARD_PERCENT = {"paypal": "3.49", "card": "2.59"}
# Minor units, of the size that payment providers charge in each currency.
STANDARD_FIXED = {
    "AUD": 59,
    "BRL": 290,
    "CAD": 59,
    "CHF": 49,
    "CNY": 312,
    "CZK": 980,
    "DKK": 290,
    "EUR": 39,
    "GBP": 39,
    "HKD": 379,
    "HUF": 150,
    "ILS": 160,
    "JPY": 49,
    "MXN": 900,
    "MYR": 200,
    "NOK": 390,
    "NZD": 69,
    "PHP": 2_500,
    "PLN": 189,
    "RUB": 3_900,
    "SEK": 409,
    "SGD": 69,
    "THB": 1_500,
    "TWD": 14,
    "USD": 49,
}
# Minor units worth about 10,000 USD: a merchant with an empty wallet can refund what it was paid.
STANDARD_OVERDRAFT = {
    "AUD": 1_500_000,
    "BRL": 5_500_000,
    "CAD": 1_400_000,
    "CHF": 900_000,
    "CNY": 7_000_000,
    "CZK": 22_000_000,
    "DKK": 7_000_000,
    "EUR": 1_000_000,
    "GBP": 800_000,
    "HKD": 7_800_000,
    "HUF": 3_500_000,
    "ILS": 3_700_000,
    "JPY": 1_500_000,
    "MXN": 18_000_000,
    "MYR": 4_500_000,
    "NOK": 10_000_000,
    "NZD": 1_600_000,
    "PHP": 56_000_000,
    "PLN": 4_000_000,
    "RUB": 90_000_000,
    "SEK": 10_000_000,
    "SGD": 1_300_000,
    "THB": 35_000_000,
    "TWD": 320_000,
    "USD": 1_000_000,
}


@dataclass(frozen=True, slots=True)
class Rates:
    """Percentages by payment source as decimal strings; amounts in minor units by currency."""

    percent: Mapping[str, str]
    fixed: Mapping[str, int]
    refund_overdraft: Mapping[str, int]

    def unknown(self) -> list[str]:
        """What is not a payment source or not a currency of the platform, in the order of the properties."""
        amounts = [*self.fixed, *self.refund_overdraft]
        return [name for name in self.percent if name not in STANDARD_PERCENT] + [code for code in amounts if code not in CURRENCIES]

    def completed(self) -> Rates:
        """The same with the standard's entry wherever there is none."""
        return Rates(
            {**STANDARD_PERCENT, **self.percent}, {**STANDARD_FIXED, **self.fixed}, {**STANDARD_OVERDRAFT, **self.refund_overdraft}
        )


STANDARD = Rates({}, {}, {}).completed()
