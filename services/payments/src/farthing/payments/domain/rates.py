"""What a merchant pays for a payment, and how far captures may exceed their authorization (wire contract, section 7.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from farthing.money import Money

Source = Literal["wallet", "card"]

OVERAGE_PERCENT: Final = Decimal(115)
MOST_OVER: Final = Money("USD", 75_00)
# The European Economic Area and the United Kingdom: its payment rules (PSD2) allow no more than the payer agreed to.
NO_OVERAGE: Final = frozenset(
    (
        *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR", "HU", "IE"),
        *("IS", "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK"),
    )
)


@dataclass(frozen=True, slots=True)
class Merchant:
    """Who is paid, and his rate card: `percent` by source, `fixed` and `refund_overdraft` in minor units by currency."""

    account: str
    email: str
    country: str
    percent: Mapping[Source, Decimal]
    fixed: Mapping[str, int]
    refund_overdraft: Mapping[str, int]
    blocks_repeated_invoices: bool = False

    def fee(self, amount: Money, source: Source) -> Money:
        """Percent plus fixed, rounded half-up at the currency's precision; never more than the payment itself."""
        fee = amount.share(self.percent[source]) + Money(amount.currency, self.fixed.get(amount.currency, 0))
        return min(fee, amount)

    def overdraft(self, currency: str) -> int:
        """How far below zero refunds may bring the merchant's wallet, in minor units."""
        return self.refund_overdraft.get(currency, 0)

    def capture_limit(self, amount: Money) -> Money:
        """The most that all captures of an authorization together may take: 115 % of it, in US dollars at most 75 more.

        In PSD2 countries not more than what was authorized.
        """
        if self.country in NO_OVERAGE:
            return amount
        limit = Money(amount.currency, int(amount.minor * OVERAGE_PERCENT // 100))
        return min(limit, amount + MOST_OVER) if amount.currency == MOST_OVER.currency else limit
