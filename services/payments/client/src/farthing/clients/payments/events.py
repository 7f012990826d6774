"""What payments tells others. The subject is the resource's id, the type is the webhook event's name."""

from __future__ import annotations

from typing import Any, Final

from pydantic import Field

from farthing.kit.model import Model

AUTHORIZATION_CREATED: Final = "PAYMENT.AUTHORIZATION.CREATED"
AUTHORIZATION_VOIDED: Final = "PAYMENT.AUTHORIZATION.VOIDED"
CAPTURE_COMPLETED: Final = "PAYMENT.CAPTURE.COMPLETED"
CAPTURE_DECLINED: Final = "PAYMENT.CAPTURE.DECLINED"
CAPTURE_REFUNDED: Final = "PAYMENT.CAPTURE.REFUNDED"
REFUND_FAILED: Final = "PAYMENT.REFUND.FAILED"
TYPES: Final = (AUTHORIZATION_CREATED, AUTHORIZATION_VOIDED, CAPTURE_COMPLETED, CAPTURE_DECLINED, CAPTURE_REFUNDED, REFUND_FAILED)


class PaymentEvent(Model):
    """`client_id` is the app that caused the payment, `account_id` the merchant, `resource` what the public API showed then.

    `resource_type` is authorization, capture or refund (CAPTURE_REFUNDED carries the refund). `about`: order, and buyer (the account's id)
    where one paid, for faults to match.
    """

    client_id: str
    account_id: str
    resource_type: str
    resource_version: str = "2.0"
    summary: str
    resource: dict[str, Any]
    about: dict[str, str] = Field(default_factory=dict)
