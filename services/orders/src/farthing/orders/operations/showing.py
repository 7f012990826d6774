"""An order as its merchant, and as its payer, may see it."""

from __future__ import annotations

import hashlib

import orjson

from farthing.clients.orders.models import ItemView, OrderView, Payee, Shipping, UnitView
from farthing.kit.clock import Clock
from farthing.money import Money
from farthing.orders.domain.order import Order, Payments
from farthing.orders.domain.states import Status
from farthing.orders.domain.totals import PARTS, Json, total_of
from farthing.orders.domain.units import FROM_FILE
from farthing.orders.errors import OrderNotFound
from farthing.orders.operations.callers import Caller
from farthing.orders.operations.directory import Directory
from farthing.orders.operations.paying import Paying
from farthing.orders.operations.wallets import is_kept
from farthing.orders.repository import Repository


class Showing:
    """Reads orders."""

    def __init__(self, repository: Repository, directory: Directory, paying: Paying, clock: Clock) -> None:
        self._repository, self._directory, self._paying, self._clock = repository, directory, paying, clock

    async def get(self, caller: Caller, order_id: str) -> tuple[Order, Payments]:
        """The order and what was paid for it, as it is now. Raises OrderNotFound, also when it expired."""
        order = caller.seen(await self._repository.load(order_id))
        if order.expired(self._clock.now()):
            raise OrderNotFound
        return order, await self._paying.of_order(order)

    async def view(self, order_id: str) -> OrderView:
        """What the approval page shows. Raises OrderNotFound."""
        order = await self._repository.load(order_id)
        if order is None:
            raise OrderNotFound
        units = tuple([await self._unit(unit) for unit in order.units])
        status = Status.EXPIRED if order.expired(self._clock.now()) else order.status
        return OrderView(
            id=order.id,
            status=status.value,
            intent=order.intent.value,
            client_id=order.client_id,
            payee=units[0].payee,
            amount=sum(unit.amount for unit in units),
            currency=total_of(order.units[0]).currency,
            units=units,
            return_url=order.context.get("return_url"),
            cancel_url=order.context.get("cancel_url"),
            brand_name=order.context.get("brand_name"),
            user_action=_action(order),
            shipping_preference=_preference(order),
            expires=order.expires,
            payer=(order.funding or {}).get("account_id"),
            approved=(order.funding or {}).get("limit"),
            declined=order.status is Status.APPROVED and "declined" in (order.funding or {}),
            kept=is_kept(order),
            seen=seen_of(order),
        )

    async def buyer(self, order_id: str) -> str | None:
        """The account that approved to pay an order."""
        order = await self._repository.load(order_id)
        return None if order is None else (order.funding or {}).get("account_id")

    async def _unit(self, unit: Json) -> UnitView:
        merchant = await self._directory.merchant(unit["payee"]["merchant_id"])
        return UnitView(
            reference_id=unit["reference_id"],
            amount=total_of(unit).minor,
            payee=Payee(account_id=merchant.account_id, name=merchant.name, email=merchant.email),
            description=unit.get("description"),
            items=tuple(_item(item) for item in unit.get("items") or ()),
            breakdown=_breakdown(unit["amount"].get("breakdown") or {}),
            shipping=_shipping(unit["shipping"]) if unit.get("shipping") else None,
        )


def seen_of(order: Order) -> str:
    """A digest of what a payer agrees to.

    That is: how much goes to whom, and to which address that the merchant gave; the intent; whether he may be charged again, whether the
    price is final, and whether the merchant learns his address.
    """
    given = _preference(order) != FROM_FILE  # an address from the payer's account is written into the order when he approves
    units = [(unit["payee"]["merchant_id"], total_of(unit), unit.get("shipping") if given else None) for unit in order.units]
    return hashlib.sha256(orjson.dumps([units, order.intent, is_kept(order), _action(order), _preference(order)])).hexdigest()


def _action(order: Order) -> str:
    return str(order.context.get("user_action") or "CONTINUE")


def _preference(order: Order) -> str:
    return str(order.context.get("shipping_preference") or FROM_FILE)


def _item(item: Json) -> ItemView:
    return ItemView(name=item["name"], quantity=int(item["quantity"]), amount=_minor(item["unit_amount"]))


def _breakdown(breakdown: Json) -> dict[str, int]:
    return {name: _minor(breakdown[name]) for name in PARTS if breakdown.get(name)}


def _shipping(shipping: Json) -> Shipping:
    """Only texts: what the wire does not know of an address survives in an order as it came."""
    address = {name: value for name, value in (shipping.get("address") or {}).items() if isinstance(value, str)}
    return Shipping(name=(shipping.get("name") or {}).get("full_name"), address=address)


def _minor(money: Json) -> int:
    return Money.parse(money["currency_code"], money["value"]).minor
