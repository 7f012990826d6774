"""What orders tells others: the order as the public API shows it at that moment; of one whose approval went back, which one it was."""

from __future__ import annotations

from typing import Final

import orjson

from farthing.clients.orders.events import APPROVED, COMPLETED, PROCESSED, REVERSED
from farthing.money import Ids
from farthing.orders.domain.order import Links, Order, Payments, lapsed, representation
from farthing.orders.repository import News

_SUMMARIES: Final = {
    APPROVED: "An order has been approved by its payer",
    PROCESSED: "An order is being paid as it was approved",
    COMPLETED: "An order has been paid",
    REVERSED: "An approved order was not paid in time, and its approval ended",
}


class Teller:
    """Makes events."""

    def __init__(self, ids: Ids, links: Links) -> None:
        self._ids, self._links = ids, links

    def news(self, order: Order, kind: str, payments: Payments | None = None) -> News:
        """The event `kind` about the order as it is now."""
        buyer = (order.funding or {}).get("account_id")
        data = {
            "client_id": order.client_id,
            "account_id": order.merchant,
            "resource_type": "checkout-order",
            "resource_version": "2.0",
            "summary": _SUMMARIES[kind],
            "resource": lapsed(order) if kind == REVERSED else representation(order, self._links, payments),
            "about": {"order": order.id} | ({"buyer": buyer} if buyer else {}),
        }
        return News(self._ids.resource(), kind, orjson.dumps(data))
