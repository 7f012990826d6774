from __future__ import annotations

from typing import Any

from services.orders.tests.conftest import OTHER, STORE, Shop, issues, unit, usd

ITEM = {"name": "Thing", "quantity": "1", "unit_amount": usd("100.00"), "sku": "T-1"}


async def captured(shop: Shop) -> tuple[str, str]:
    """An order and its capture."""
    told = unit(items=[ITEM])
    told["amount"]["breakdown"] = {"item_total": usd("100.00")}
    order_id = await shop.approved(told)
    paid = (await shop.capture(order_id)).json()
    return order_id, paid["purchase_units"][0]["payments"]["captures"][0]["id"]


def shipment(capture: str, **more: Any) -> dict[str, Any]:
    return {"capture_id": capture, "tracking_number": "443844607820", "carrier": "FEDEX", "notify_payer": False, **more}


class TestTrack:
    async def test_a_shipment_is_shown_in_its_unit(self, shop: Shop) -> None:
        order_id, capture = await captured(shop)
        answer = await shop.post(f"/{order_id}/track", shipment(capture, items=[{"name": "Thing", "sku": "T-1"}], odd=[1]))
        assert answer.status_code == 201
        shipping = answer.json()["purchase_units"][0]["shipping"]
        (tracker,) = shipping["trackers"]
        assert (tracker["status"], tracker["carrier"], tracker["odd"]) == ("SHIPPED", "FEDEX", [1])
        assert {link["rel"] for link in tracker["links"]} == {"up", "update"}
        assert shipping["name"] == {"full_name": "Bea Buyer"}
        assert (await shop.get(order_id)).json() == answer.json()

    async def test_the_same_shipment_is_added_once(self, shop: Shop) -> None:
        order_id, capture = await captured(shop)
        first = await shop.post(f"/{order_id}/track", shipment(capture))
        again = await shop.post(f"/{order_id}/track", shipment(capture))
        assert (first.status_code, again.status_code, first.json()) == (201, 200, again.json())
        other = await shop.post(f"/{order_id}/track", shipment(capture, tracking_number="2"))
        assert len(other.json()["purchase_units"][0]["shipping"]["trackers"]) == 2

    async def test_what_cannot_be_tracked(self, shop: Shop) -> None:
        order_id, capture = await captured(shop)
        approved = await shop.approved()
        sku = [{"name": "Thing", "sku": "T-2"}]
        for place, body, app, expected in (
            (approved, shipment(capture), STORE, (422, ["CAPTURE_ID_NOT_FOUND"])),
            (order_id, shipment("NONE"), STORE, (422, ["CAPTURE_ID_NOT_FOUND"])),
            (order_id, shipment(capture, items=sku), STORE, (422, ["ITEM_SKU_MISMATCH"])),
            (order_id, {"tracking_number": "1"}, STORE, (400, ["MISSING_REQUIRED_PARAMETER"])),
            (order_id, shipment(capture), OTHER, (404, ["INVALID_RESOURCE_ID"])),
        ):
            answer = await shop.post(f"/{place}/track", body, app)
            assert (answer.status_code, issues(answer)) == expected

    async def test_a_carrier_is_one_that_is_documented_or_says_its_name(self, shop: Shop) -> None:
        order_id, capture = await captured(shop)
        for said, expected, field in (
            ({"carrier": "FEDERAL_EXPRES"}, (400, ["INVALID_PARAMETER_VALUE"]), "/carrier"),
            ({"carrier": "fedex"}, (400, ["INVALID_PARAMETER_SYNTAX"]), "/carrier"),
            ({"carrier": "OTHER"}, (400, ["MISSING_REQUIRED_PARAMETER"]), "/carrier_name_other"),
            ({"status": "LOST"}, (400, ["INVALID_PARAMETER_VALUE"]), "/status"),
            ({"tracking_number_type": "OURS"}, (400, ["INVALID_PARAMETER_VALUE"]), "/tracking_number_type"),
        ):
            answer = await shop.post(f"/{order_id}/track", shipment(capture, **said))
            assert (answer.status_code, issues(answer), answer.json()["details"][0]["field"]) == (*expected, field)
        taken: tuple[dict[str, str | None], ...] = (
            {"carrier": "OTHER", "carrier_name_other": "By bicycle"},
            {"carrier": "LAO_POST"},  # only in the files
            {"carrier": "99MINUTOS"},  # only in the SDK
            {"carrier": None},
            {"status": "IN_TRANSIT", "tracking_number_type": "CARRIER_PROVIDED"},
        )
        for number, more in enumerate(taken):
            answer = await shop.post(f"/{order_id}/track", shipment(capture, tracking_number=str(number), **more))
            assert answer.status_code == 201, answer.text

    async def test_only_what_was_paid_is_shipped(self, shop: Shop) -> None:
        source = {"card": {"number": "4012888888881881", "expiry": "2035-12", "name": "CCREJECT-REFUSED"}}
        body = {"intent": "CAPTURE", "purchase_units": [unit()], "payment_source": source}
        paid = (await shop.post("", body, paypal_request_id="1")).json()
        capture = paid["purchase_units"][0]["payments"]["captures"][0]["id"]
        answer = await shop.post(f"/{paid['id']}/track", shipment(capture))
        assert (answer.status_code, issues(answer)) == (422, ["CAPTURE_STATUS_NOT_VALID"])


class TestPatch:
    async def tracked(self, shop: Shop) -> tuple[str, str]:
        order_id, capture = await captured(shop)
        shown = (await shop.post(f"/{order_id}/track", shipment(capture))).json()
        return order_id, shown["purchase_units"][0]["shipping"]["trackers"][0]["id"]

    async def patch(self, shop: Shop, order_id: str, tracker_id: str, path: str, value: Any, op: str = "replace") -> Any:
        place = f"/v2/checkout/orders/{order_id}/trackers/{tracker_id}"
        return await shop.orders.http.patch(place, json=[{"op": op, "path": path, "value": value}], headers=shop.headers())

    async def test_it_is_cancelled(self, shop: Shop) -> None:
        order_id, tracker_id = await self.tracked(shop)
        answer = await self.patch(shop, order_id, tracker_id, "/status", "CANCELLED")
        assert (answer.status_code, answer.content) == (204, b"")
        shown = (await shop.get(order_id)).json()
        assert shown["purchase_units"][0]["shipping"]["trackers"][0]["status"] == "CANCELLED"

    async def test_what_is_cancelled_changes_no_more(self, shop: Shop) -> None:
        order_id, tracker_id = await self.tracked(shop)
        await self.patch(shop, order_id, tracker_id, "/status", "CANCELLED")
        cancelled = (await shop.get(order_id)).json()
        assert (await self.patch(shop, order_id, tracker_id, "/status", "CANCELLED")).status_code == 204  # the answer was lost
        for path, value in (("/status", "SHIPPED"), ("/notify_payer", True)):
            answer = await self.patch(shop, order_id, tracker_id, path, value)
            assert (answer.status_code, issues(answer)) == (422, ["CANNOT_PATCH_CANCELLED_TRACKER"])
        assert (await shop.get(order_id)).json() == cancelled

    async def test_items_and_notification(self, shop: Shop) -> None:
        order_id, tracker_id = await self.tracked(shop)
        assert (await self.patch(shop, order_id, tracker_id, "/items", [{"name": "Thing", "sku": "T-1"}])).status_code == 204
        assert (await self.patch(shop, order_id, tracker_id, "/notify_payer", True)).status_code == 204

    async def test_what_cannot_be_changed(self, shop: Shop) -> None:
        order_id, tracker_id = await self.tracked(shop)
        for place, path, value, expected in (
            (tracker_id, "/status", "SHIPPED", (204, [])),
            (tracker_id, "/status", "DELIVERED", (400, ["INVALID_PARAMETER_VALUE"])),
            (tracker_id, "/id", "X", (422, ["NOT_PATCHABLE"])),
            (tracker_id, "status", "CANCELLED", (422, ["INVALID_JSON_POINTER_FORMAT"])),
            (tracker_id, "/items", [{"sku": "T-2"}], (422, ["ITEM_SKU_MISMATCH"])),
            (tracker_id, "/items", "none", (400, ["INVALID_PARAMETER_SYNTAX"])),
            ("NONE", "/status", "CANCELLED", (404, ["TRACKER_ID_NOT_FOUND"])),
            ("no-id", "/status", "CANCELLED", (404, ["TRACKER_ID_NOT_FOUND"])),
        ):
            answer = await self.patch(shop, order_id, place, path, value)
            assert (answer.status_code, issues(answer) if answer.content else []) == expected
