"""What an order's page says in lines: of what its amount is made, and where it is delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from farthing.clients.orders.models import Shipping

if TYPE_CHECKING:
    from farthing.clients.accounts.models import Account
    from farthing.clients.orders.models import OrderView, UnitView

_FROM_FILE: Final = "GET_FROM_FILE"
_NOWHERE: Final = "NO_SHIPPING"
_UNAPPROVED: Final = frozenset({"CREATED", "PAYER_ACTION_REQUIRED"})
_PARTS: Final = {
    "item_total": "Items",
    "tax_total": "Tax",
    "shipping": "Shipping",
    "handling": "Handling",
    "insurance": "Insurance",
    "shipping_discount": "Shipping discount",
    "discount": "Discount",
}


def parts_of(unit: UnitView) -> list[tuple[str, int]]:
    """What its amount is made of beside the items that are listed; discounts are negative."""
    listed = {"item_total"} if unit.items or len(unit.breakdown) == 1 else set()
    return [
        (label, -unit.breakdown[name] if name.endswith("discount") else unit.breakdown[name])
        for name, label in _PARTS.items()
        if unit.breakdown.get(name) and name not in listed
    ]


def delivery_of(unit: UnitView, order: OrderView, payer: Account) -> list[str]:
    """The lines of the address that the merchant gave or, if it wants that, gets from its payer's account.

    Empty when nothing is shipped, and for anybody but the payer once there is one: then it may be his.
    """
    if order.shipping_preference == _NOWHERE or (order.status not in _UNAPPROVED and order.payer != payer.id):
        return []
    given = unit.shipping or Shipping()
    name, parts = given.name, given.address
    if order.shipping_preference == _FROM_FILE and payer.address is not None:
        name = name or f"{payer.given_name} {payer.surname}".strip()
        parts = parts or payer.address.model_dump(exclude_none=True)
    city = " ".join(parts[part] for part in ("admin_area_2", "admin_area_1", "postal_code") if part in parts)
    lines = [parts.get("address_line_1"), parts.get("address_line_2"), city, parts.get("country_code")]
    return [line for line in (name, *lines) if line] if parts else []


def is_address_told(order: OrderView, payer: Account) -> bool:
    """Whether the merchant, once its order is approved, can read where its payer lives."""
    return order.shipping_preference == _FROM_FILE and payer.address is not None
