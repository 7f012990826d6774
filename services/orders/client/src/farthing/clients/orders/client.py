"""How other services talk to orders."""

from __future__ import annotations

import re
from typing import ClassVar

import orjson

from farthing.clients.orders.errors import ERRORS, OrderNotFound
from farthing.clients.orders.models import Approval, OrderView, WireOrder
from farthing.kit.errors import ApiError
from farthing.kit.rpc import ServiceClient

_ID = re.compile(r"[A-Z0-9]{1,36}")


class OrdersClient(ServiceClient):
    """Orders, for those who show them to a payer."""

    errors: ClassVar[dict[str, type[ApiError]]] = ERRORS

    async def get(self, order_id: str) -> OrderView:
        """An order as its payer may see it, expired ones included for a while. Raises OrderNotFound."""
        return await self.call("GET", f"/orders/{_checked(order_id)}", OrderView)

    async def approve(self, order_id: str, approval: Approval) -> WireOrder:
        """Approve as this payer, and answer the order as the public API shows it.

        Repeating it changes nothing; until it is paid, an order can be approved again with other funding or by another payer.
        Raises OrderNotFound, OrderExpired, OrderAlreadyCompleted, OrderCompletionInProgress, OrderChanged, PayerNotFound,
        PayerCannotPay, InstrumentNotFound.
        """
        key = f"approve.{order_id}.{approval.account_id}.{approval.funding}.{approval.instrument_id or ''}"
        answer = await self.send("POST", f"/orders/{_checked(order_id)}/approve", body=approval, key=key)
        wire: WireOrder = orjson.loads(answer.body)
        return wire


def _checked(order_id: str) -> str:
    """What cannot be an id becomes no part of a path. Raises OrderNotFound."""
    if _ID.fullmatch(order_id) is None:
        raise OrderNotFound
    return order_id
