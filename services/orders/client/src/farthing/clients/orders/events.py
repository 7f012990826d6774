"""What orders tells others. The subject is the order's id, the type is the webhook event's name."""

from __future__ import annotations

from typing import Any, Final

from pydantic import Field

from farthing.kit.model import Model

APPROVED: Final = "CHECKOUT.ORDER.APPROVED"
PROCESSED: Final = "CHECKOUT.ORDER.PROCESSED"
COMPLETED: Final = "CHECKOUT.ORDER.COMPLETED"
REVERSED: Final = "CHECKOUT.PAYMENT-APPROVAL.REVERSED"
TYPES: Final = (APPROVED, PROCESSED, COMPLETED, REVERSED)


class OrderEvent(Model):
    """`client_id` is the app that made the order, `account_id` its merchant, `resource` the order as the public API showed it then.

    That of REVERSED says no more than which order it was and who was to pay: `order_id`, `purchase_units`, `payment_source`, `create_time`.
    `about`: the order, and buyer (the account's id) once one approved, for faults to match.
    """

    client_id: str
    account_id: str
    resource_type: str = "checkout-order"
    resource_version: str = "2.0"
    summary: str
    resource: dict[str, Any]
    about: dict[str, str] = Field(default_factory=dict)
