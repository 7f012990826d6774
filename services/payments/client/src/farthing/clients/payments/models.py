"""What crosses the internal boundary of payments. Amounts are integers of minor units."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from farthing.kit.model import Model
from farthing.money.amount import MAX_MINOR

Amount = Annotated[int, Field(gt=0, le=MAX_MINOR)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
# An authorization, capture or refund as the public API shows it in full (wire contract, section 7.4).
WireDocument = dict[str, Any]


class Payer(Model):
    """The account that pays from its wallet."""

    account_id: str
    email: str | None = None


class Source(Model):
    """Where the money comes from: the payer's wallet, or a card that vault keeps under `token`.

    `brand`, `last_digits`, `expiry` (YYYY-MM) and `scenario` as vault answered them.
    """

    kind: Literal["wallet", "card"]
    token: str | None = None
    brand: str | None = None
    last_digits: str | None = None
    expiry: str | None = None
    scenario: str = ""


class PlatformFee(Model):
    """A part of the payment for somebody else, in the payment's currency. `payee` is his account."""

    amount: Amount
    payee: str


class Unit(Model):
    """A purchase unit: what one payee gets. `payee` is his account id."""

    reference_id: str = "default"
    payee: str
    amount: Amount
    currency: Currency
    invoice_id: str | None = None
    custom_id: str | None = None
    soft_descriptor: str | None = None
    note: str | None = None
    platform_fees: tuple[PlatformFee, ...] = ()
    disbursement_mode: Literal["INSTANT", "DELAYED"] = "INSTANT"


class Pay(Model):
    """Pay an order: one capture, or one authorization, for each unit. A wallet needs a `payer`.

    The units of a wallet payment are paid all or none; each unit of a card payment has its own answer.
    """

    order_id: str
    intent: Literal["CAPTURE", "AUTHORIZE"]
    client_id: str
    payer: Payer | None = None
    source: Source
    units: Annotated[tuple[Unit, ...], Field(min_length=1, max_length=10)]


class UnitPayments(Model):
    """The `payments` of a purchase unit, the oldest first; an empty list is None."""

    authorizations: tuple[WireDocument, ...] | None = None
    captures: tuple[WireDocument, ...] | None = None
    refunds: tuple[WireDocument, ...] | None = None


class Paid(Model):
    """What became of `Pay`, by reference id. DECLINED: the card's bank said no to every unit, and that is stored."""

    status: Literal["COMPLETED", "DECLINED", "PENDING"]
    units: dict[str, UnitPayments]


class OrderPayments(Model):
    """Everything that was paid for an order, by reference id, as it is now."""

    units: dict[str, UnitPayments]


class CaptureLine(Model):
    """A capture as the audit compares it with the books: the ledger's `transfer` moved `amount` to `payee`, who paid `fee`.

    `seq` orders them as they were recorded. Only DECLINED ones have no transfer. `in_flight`: a refund of it is being made.
    """

    seq: int
    id: str
    order_id: str
    transfer: str | None = None
    source: Literal["wallet", "card"]
    payer: str | None = None
    payee: str
    amount: int
    fee: int
    platform_fee: int
    refunded: int
    currency: str
    status: str
    in_flight: bool


class RefundLine(Model):
    """A refund as the audit compares it with the books: the ledger's `transfer` moved `amount` back from `payee`."""

    seq: int
    id: str
    capture_id: str
    transfer: str
    payee: str
    amount: int
    currency: str
    status: str


class AuthorizationLine(Model):
    """An open authorization: `remaining` is set apart in the ledger's `hold` (None: a card's bank holds it).

    `in_flight`: it is changing.
    """

    seq: int
    id: str
    order_id: str
    hold: str | None = None
    payer: str | None = None
    remaining: int
    currency: str
    in_flight: bool


class CapturePage(Model):
    """`next` is where the following page starts (`after`); None: this was the last one."""

    captures: tuple[CaptureLine, ...]
    next: int | None = None


class RefundPage(Model):
    refunds: tuple[RefundLine, ...]
    next: int | None = None


class AuthorizationPage(Model):
    authorizations: tuple[AuthorizationLine, ...]
    next: int | None = None


class InFlight(Model):
    """Transfers and holds of the ledger that are being made, or whose making is not yet recorded."""

    ids: tuple[str, ...]
