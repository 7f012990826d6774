"""What crosses the internal boundary of orders. Amounts are integers of minor units of `currency`."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from farthing.kit.model import Model

Intent = Literal["CAPTURE", "AUTHORIZE"]
Funding = Literal["balance", "card"]
# An order as the public API shows it (wire contract, section 7.3).
WireOrder = dict[str, Any]


class Payee(Model):
    """Whom the payer pays, as the approval page names him."""

    account_id: str
    name: str
    email: str


class ItemView(Model):
    """One kind of thing that is bought; `amount` is that of one piece."""

    name: str
    quantity: int
    amount: int


class Shipping(Model):
    """Where the merchant says that a purchase unit goes; `address` has the parts of the wire's, and may be empty."""

    name: str | None = None
    address: dict[str, str] = Field(default_factory=dict)


class UnitView(Model):
    """A purchase unit. `breakdown`: the parts of its amount by their names on the wire; discounts are positive there, too."""

    reference_id: str
    amount: int
    payee: Payee
    description: str | None = None
    items: tuple[ItemView, ...] = ()
    breakdown: dict[str, int] = Field(default_factory=dict)
    shipping: Shipping | None = None


class OrderView(Model):
    """An order as the payer sees it before approving.

    `amount` is the sum of all units. `status` is the public one (but never VOIDED), or EXPIRED. `payee` is that of the first unit.
    `expires` is when it can no longer be approved (or, once approved, paid). `shipping_preference` and `user_action` as in the wire
    contract. `payer` is the account that approved `approved` minor units, if one did, and `declined` says that what he chose then could not
    pay. `kept`: the payer, by approving, lets the merchant charge him again without being asked. `seen`: a digest of what he agrees to (how
    much goes to whom and where to, intent, `kept`, `user_action`, `shipping_preference`), for `Approval`; earlier releases give none.
    """

    id: str
    status: str
    intent: Intent
    client_id: str
    payee: Payee
    amount: int
    currency: str
    units: tuple[UnitView, ...]
    return_url: str | None = None
    cancel_url: str | None = None
    brand_name: str | None = None
    user_action: str = "CONTINUE"
    shipping_preference: str = "GET_FROM_FILE"
    expires: datetime
    payer: str | None = None
    approved: int | None = None
    declined: bool = False
    kept: bool = False
    seen: str | None = None


class Approval(Model):
    """The payer's yes: which account pays, from its balance or from one of its stored cards (None: the first).

    `seen`: what the payer was shown (`OrderView.seen`): nothing else is approved. None: whatever the order says.
    """

    account_id: str
    funding: Funding = "balance"
    instrument_id: str | None = None
    seen: str | None = None
