"""What a payment carries along without being judged by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DisbursementMode = Literal["INSTANT", "DELAYED"]


@dataclass(frozen=True, slots=True)
class CardAnswer:
    """What the card's bank said, in the words of the wire contract."""

    response_code: str
    avs_code: str | None = None
    cvv_code: str | None = None
    network: str | None = None
    network_reference: str | None = None


@dataclass(frozen=True, slots=True)
class Details:
    """The merchant's own references, and a card's answer."""

    invoice_id: str | None = None
    custom_id: str | None = None
    soft_descriptor: str | None = None
    note: str | None = None
    disbursement_mode: DisbursementMode = "INSTANT"
    card_answer: CardAnswer | None = None
    acquirer_reference: str | None = None
