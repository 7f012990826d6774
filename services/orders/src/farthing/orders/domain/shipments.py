"""Words about shipments, as PayPal documents them."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Final

OTHER: Final = "OTHER"  # a carrier that is not listed: the shipment then says its name itself
_STATUSES: Final = (
    " CANCELLED COMPLETED DELIVERED DELIVERY_DELAYED DELIVERY_FAILED DELIVERY_SCHEDULED DROPPED_OFF ERROR INRETURN IN_PROCESS IN_TRANSIT"
    " LABEL_PRINTED LOCAL_PICKUP NEW NOT_SHIPPED ON_HOLD PICKUP_FAILED PROCESSED RETURNED SHIPMENT_CREATED SHIPPED UNCONFIRMED VOID "
)


def is_carrier(name: str) -> bool:
    return name in _carriers()


def is_status(word: str) -> bool:
    return f" {word} " in _STATUSES


@cache
def _carriers() -> frozenset[str]:
    """Written by tools.catalogue."""
    rows: list[list[str]] = json.loads((files("farthing.orders") / "carriers.json").read_bytes())
    return frozenset(name for row in rows for name in row)
