"""What crosses the boundary of processor. Amounts are integers of minor units; no card number, only vault's token."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from farthing.kit.model import Model
from farthing.money.amount import MAX_MINOR

APPROVED = "0000"

Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,128}$")]
Amount = Annotated[int, Field(gt=0, le=MAX_MINOR)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Kind = Literal["charge", "authorize", "capture", "void", "refund"]


class Card(Model):
    """What is known of a card outside vault. `expiry` is YYYY-MM.

    `scenario` is the decline that it stands for (wire contract, section 7.5), empty in normal cases.
    """

    token: Annotated[str, Field(min_length=1, max_length=64)]
    brand: str = "UNKNOWN"
    last_digits: str = ""
    expiry: Annotated[str, Field(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")]
    scenario: str = ""


class CardRequest(Model):
    """Take the amount from a card now (charge), or only reserve it (authorize)."""

    card: Card
    amount: Amount
    currency: Currency
    reference: str = ""


class FollowUp(Model):
    """Something about an earlier request, named by its key: capture or void an authorization, refund a charge or a capture."""

    original: Key
    amount: Amount | None = None
    currency: Currency | None = None


class Answer(Model):
    """What the card's bank said to the request with this key. It never changes.

    `response_code`, `avs_code` and `cvv_code` as in the wire contract, `network_reference` is the card network's id of the transaction,
    `acquirer_reference` that of a refund.
    """

    key: str
    kind: Kind
    approved: bool
    response_code: str
    avs_code: str | None = None
    cvv_code: str | None = None
    network: str | None = None
    network_reference: str | None = None
    acquirer_reference: str | None = None
