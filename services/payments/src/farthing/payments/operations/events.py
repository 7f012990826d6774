"""What payments tells others, made from the documents of the public API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from farthing.clients.payments.events import (
    AUTHORIZATION_CREATED,
    AUTHORIZATION_VOIDED,
    CAPTURE_COMPLETED,
    CAPTURE_DECLINED,
    CAPTURE_REFUNDED,
    REFUND_FAILED,
)
from farthing.payments.repository.events import NewEvent

if TYPE_CHECKING:
    from farthing.money import Ids
    from farthing.payments.domain.authorization import Authorization
    from farthing.payments.domain.capture import Capture

# By type: the kind of resource, and a sentence about it.
_SAYING = {
    AUTHORIZATION_CREATED: ("authorization", "A payment of {} was authorized."),
    AUTHORIZATION_VOIDED: ("authorization", "The authorization of {} is void."),
    CAPTURE_COMPLETED: ("capture", "A payment of {} was captured."),
    CAPTURE_DECLINED: ("capture", "A payment of {} was declined."),
    CAPTURE_REFUNDED: ("refund", "{} was refunded."),
    REFUND_FAILED: ("refund", "A refund of {} failed."),
}
_ID_LENGTH = 17


class Events:
    """Makes events; their ids are unique on the platform."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids

    def of(self, kind: str, about: Authorization | Capture, document: dict[str, Any]) -> NewEvent:
        """`about`: the payment, also where the document is of a refund."""
        resource_type, saying = _SAYING[kind]
        amount = document["amount"]
        data = {
            "client_id": about.client_id,
            "account_id": about.merchant,
            "resource_type": resource_type,
            "resource_version": "2.0",
            "summary": saying.format(f"{amount['value']} {amount['currency_code']}"),
            "resource": document,
            "about": {"order": about.order_id} | ({"buyer": about.payer} if about.payer else {}),
        }
        return NewEvent(self._ids.code(_ID_LENGTH), kind, document["id"], orjson.dumps(data).decode())
