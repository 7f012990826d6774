"""The rules about purchase units that are not arithmetic: how they are told apart, what is sold, where it is shipped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from farthing.orders.domain.countries import needs_postal_code
from farthing.orders.domain.states import Intent
from farthing.orders.domain.totals import Json
from farthing.orders.errors import Detail, Rule, broken

DEFAULT_REFERENCE: Final = "default"
FROM_FILE: Final = "GET_FROM_FILE"
PROVIDED: Final = "SET_PROVIDED_ADDRESS"
NO_SHIPPING: Final = "NO_SHIPPING"
_PICKUPS: Final = frozenset({"PICKUP_IN_PERSON", "PICKUP_IN_STORE", "PICKUP_FROM_PERSON"})


def check_units(units: Sequence[Json], intent: Intent, shipping_preference: str) -> list[Detail]:
    """Check the units of one order against each other and alone; a missing reference_id of the only unit becomes `default`."""
    found = [*_references(units), *_donations(units)]
    if intent is Intent.AUTHORIZE:
        found += _authorized(units)
    for index, unit in enumerate(units):
        found += _shipping(unit.get("shipping") or {}, f"/purchase_units/{index}/shipping", shipping_preference)
    return found


def _references(units: Sequence[Json]) -> Iterator[Detail]:
    if len(units) == 1:
        units[0]["reference_id"] = units[0].get("reference_id") or DEFAULT_REFERENCE
        return
    times = Counter(unit.get("reference_id") for unit in units)
    for index, unit in enumerate(units):
        reference, pointer = unit.get("reference_id"), f"/purchase_units/{index}/reference_id"
        if not reference:
            yield broken(Rule.REFERENCE_ID_REQUIRED, pointer)
        elif times[reference] > 1:
            yield broken(Rule.DUPLICATE_REFERENCE_ID, pointer, reference)


def _donations(units: Sequence[Json]) -> Iterator[Detail]:
    for index, unit in enumerate(units):
        categories = {item.get("category") for item in unit.get("items") or ()}
        if "DONATION" not in categories:
            continue
        if len(units) > 1:
            yield broken(Rule.DONATION_ITEMS_NOT_SUPPORTED, f"/purchase_units/{index}/items")
        if categories & {"PHYSICAL_GOODS", "DIGITAL_GOODS"}:
            yield broken(Rule.MULTIPLE_ITEM_CATEGORIES, f"/purchase_units/{index}/items")


def _authorized(units: Sequence[Json]) -> Iterator[Detail]:
    if len(units) > 1:
        yield broken(Rule.UNSUPPORTED_INTENT, "/intent", Intent.AUTHORIZE.value)
    for index, unit in enumerate(units):
        if unit.get("payment_instruction"):
            yield broken(Rule.UNSUPPORTED_PAYMENT_INSTRUCTION, f"/purchase_units/{index}/payment_instruction")


def _shipping(shipping: Json, pointer: str, preference: str) -> Iterator[Detail]:
    options = shipping.get("options")
    if options:
        yield from _options(options, f"{pointer}/options", supported=preference == FROM_FILE and not shipping.get("type"))
    address = shipping.get("address")
    if not address:
        if shipping.get("type") in _PICKUPS:
            yield broken(Rule.MISSING_PICKUP_ADDRESS, f"{pointer}/address")
        elif preference == PROVIDED:
            yield broken(Rule.MISSING_SHIPPING_ADDRESS, f"{pointer}/address")
    elif preference == PROVIDED and needs_postal_code(address["country_code"]):
        if not address.get("postal_code"):
            yield broken(Rule.POSTAL_CODE_REQUIRED, f"{pointer}/address/postal_code")
        if not address.get("admin_area_2"):
            yield broken(Rule.CITY_REQUIRED, f"{pointer}/address/admin_area_2")


def _options(options: Sequence[Json], pointer: str, *, supported: bool) -> Iterator[Detail]:
    if not supported:
        yield broken(Rule.SHIPPING_OPTIONS_NOT_SUPPORTED, pointer)
    selected = sum(1 for option in options if option["selected"])
    if selected == 0:
        yield broken(Rule.SHIPPING_OPTION_NOT_SELECTED, pointer)
    elif selected > 1:
        yield broken(Rule.MULTIPLE_SHIPPING_OPTION_SELECTED, pointer)
