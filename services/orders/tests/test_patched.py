"""What a patch leaves is an order that could have been created as it is; it is approved, paid and shown like any other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from farthing.orders.domain.patching import ORDER_PATHS, UNIT_PATHS
from services.orders.tests.conftest import BUYER, OTHER, STORE, Shop, usd

UNIT = "/purchase_units/@reference_id=='default'"
ADDRESS = {"address_line_1": "1 Main St", "admin_area_2": "San Jose", "postal_code": "95131", "country_code": "US"}
NAME = {"given_name": "Bea", "surname": "Buyer"}
FEES = [{"amount": usd("1.00"), "payee": {"merchant_id": OTHER}}]
OPTIONS = [{"id": "1", "label": "Post", "type": "SHIPPING", "selected": True, "amount": usd("0.00")}]
ITEMS = [{"name": "Mug", "quantity": "2", "unit_amount": usd("5.00"), "tax": usd("0.00"), "sku": "M-1", "category": "PHYSICAL_GOODS"}]
AMOUNT = {**usd("10.00"), "breakdown": {"item_total": usd("10.00"), "tax_total": usd("0.00"), "shipping": usd("0.00")}}
PAYER = {"name": NAME, "email_address": "bea@example.com", "payer_id": OTHER, "phone": {}, "birth_date": "1990-01-31", "address": ADDRESS}
SHIPPING = {"name": {"full_name": "Bea Buyer"}, "address": ADDRESS, "options": OPTIONS, "trackers": [{"id": "T"}]}
WHOLE = {
    "reference_id": "default",
    "amount": AMOUNT,
    "items": ITEMS,
    "shipping": SHIPPING,
    "payee": {"merchant_id": STORE, "email_address": "store@example.com"},
    "payment_instruction": {"disbursement_mode": "INSTANT", "platform_fees": FEES},
    "supplementary_data": {"card": {"level_2": {"invoice_id": "1"}}, "airline": {"passenger": {"name": "Bea"}}},
    "custom_id": "C-1",
    "description": "Mugs",
    "invoice_id": "I-1",
    "soft_descriptor": "MUGS",
    "payments": {"captures": [{"id": "X"}]},
}
CONTEXT = {"client_configuration": {"product_code": "X"}}
# A value that is accepted at each path that can be patched.
GOOD: dict[str, Any] = {
    "/intent": "CAPTURE",
    "/payer": PAYER,
    "/application_context/client_configuration": {"product_code": "X"},
    UNIT: WHOLE,
    f"{UNIT}/custom_id": "C-2",
    f"{UNIT}/description": "Two mugs",
    f"{UNIT}/items": ITEMS,
    f"{UNIT}/invoice_id": "I-2",
    f"{UNIT}/payment_instruction/platform_fees": FEES,
    f"{UNIT}/supplementary_data/airline": {"passenger": {"name": "Bea"}},
    f"{UNIT}/supplementary_data/card": {"level_2": {"invoice_id": "1"}},
    f"{UNIT}/payee/email": "store@example.com",
    f"{UNIT}/payee/email_address": "store@example.com",
    f"{UNIT}/amount": AMOUNT,
    f"{UNIT}/payment_instruction": {"disbursement_mode": "DELAYED", "platform_fees": FEES},
    f"{UNIT}/payment_instruction/disbursement_mode": "DELAYED",
    f"{UNIT}/shipping/name": {"full_name": "Bea Buyer"},
    f"{UNIT}/shipping/address": ADDRESS,
    f"{UNIT}/shipping/options": OPTIONS,
    f"{UNIT}/shipping/type": "SHIPPING",
    f"{UNIT}/soft_descriptor": "CUPS",
}
ODD: tuple[Any, ...] = (None, "", "x", 0, True, [], {}, [None], {"x": None})


def variants(value: Any, odd: tuple[Any, ...]) -> Iterator[Any]:
    """The value, and it with one of its parts, or itself, replaced by something odd."""
    yield from (value, *odd)
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for place, part in inside:
        for changed in variants(part, odd):
            copied = value.copy()
            copied[place] = changed
            yield copied


NULLS = {path: list(variants(value, (None,))) for path, value in GOOD.items()}
ODDITIES = {path: list(variants(value, ODD)) for path, value in GOOD.items()}
OPERATIONS = (*["replace"] * 6, "add", "remove")


def put(path: str, value: Any, op: str = "replace") -> dict[str, Any]:
    return {"op": op, "path": path, "value": value}


a_patch = st.sampled_from(list(GOOD)).flatmap(
    lambda path: st.builds(put, st.just(path), st.sampled_from(NULLS[path]) | st.sampled_from(ODDITIES[path]), st.sampled_from(OPERATIONS))
)


def said(shown: dict[str, Any]) -> dict[str, Any]:
    """What a request could say of the order. Who the payer is (`payer_id`) only the platform says."""
    content = {name: shown[name] for name in ("intent", "purchase_units", "payer") if name in shown}
    payer = {name: value for name, value in content.pop("payer", {}).items() if name != "payer_id"}
    return content | ({"payer": payer} if payer else {})


def test_each_path_that_can_be_patched_is_tried() -> None:
    assert set(GOOD) == {*ORDER_PATHS, *(UNIT + path for path in UNIT_PATHS)}


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(patches=st.lists(a_patch, min_size=1, max_size=2), late=st.booleans())
@example(patches=[put("/payer", None)], late=True)
@example(patches=[put("/payer", {"payer_id": OTHER})], late=False)
async def test_an_order_that_was_patched_is_like_any_other(shop: Shop, patches: list[dict[str, Any]], late: bool) -> None:
    order_id = (await shop.create(WHOLE, payer=PAYER, application_context=CONTEXT))["id"]
    if late:
        await shop.approve(order_id)
    patched = await shop.patch(order_id, *patches)
    assert patched.status_code in {204, 400, 422}, patched.text
    shown = said((await shop.get(order_id)).json())
    assert said((await shop.post("", shown, prefer="return=representation")).json()) == shown
    if not late:
        await shop.approve(order_id)
    paid = await shop.capture(order_id)
    assert (paid.status_code, paid.json()["payer"]) == (201, {"payer_id": BUYER}), paid.text
    assert (await shop.get(order_id)).json()["payer"]["payer_id"] == BUYER
