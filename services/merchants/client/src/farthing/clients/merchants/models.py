"""What crosses the boundary of merchants. Amounts are integers of minor units by currency; percentages are decimal strings."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from farthing.kit.model import Model
from farthing.money.amount import MAX_MINOR

WALLET: Final = "paypal"
CARD: Final = "card"
ID: Final = r"^[A-Z0-9]{1,32}$"

Percent = Annotated[str, Field(pattern=r"^[0-9]{1,2}(\.[0-9]{1,4})?$")]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Amount = Annotated[int, Field(ge=0, le=MAX_MINOR)]


class RateCard(Model):
    """What a merchant pays for a payment: `percent` of it by payment source (`paypal`, `card`), plus `fixed` in its currency.

    `refund_overdraft` is how far below zero refunds may bring the merchant's wallet in a currency. Answers have every currency; in a
    request, a currency without an entry gets the standard amount.
    """

    percent: dict[str, Percent]
    fixed: dict[Currency, Amount]
    refund_overdraft: dict[Currency, Amount]


class NewMerchant(Model):
    """Without a `rate_card` the platform's standard one applies."""

    account_id: Annotated[str, Field(pattern=ID)]
    email: Annotated[str, Field(min_length=3, max_length=254)]
    name: Annotated[str, Field(min_length=1, max_length=300)]
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = "US"
    rate_card: RateCard | None = None
    block_repeated_invoices: bool = False


class MerchantChange(Model):
    """What is absent stays as it is."""

    rate_card: RateCard | None = None
    block_repeated_invoices: bool | None = None


class Merchant(Model):
    """A business that can be paid. `block_repeated_invoices`: a second payment with the same invoice id is refused."""

    account_id: str
    email: str
    name: str
    country: str
    rate_card: RateCard
    block_repeated_invoices: bool = False


class ByEmail(Model):
    email: Annotated[str, Field(max_length=254)]


class Consent(Model):
    """Whether a partner may act for a merchant."""

    given: bool
