from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import pytest

from farthing.clients.orders.client import OrdersClient
from farthing.clients.orders.errors import (
    InstrumentNotFound,
    OrderAlreadyCompleted,
    OrderChanged,
    OrderExpired,
    OrderNotFound,
    PayerCannotPay,
    PayerNotFound,
)
from farthing.clients.orders.models import ItemView, Payee, Shipping, UnitView
from services.orders.tests.conftest import BUYER, OTHER, POOR, STORE, Shop, links, order, unit, usd

FILED = {
    "name": {"full_name": "Bea Buyer"},
    "address": {
        "address_line_1": "1 Example Street",
        "admin_area_2": "San Jose",
        "admin_area_1": "CA",
        "postal_code": "95131",
        "country_code": "US",
    },
}
BEA = {"given_name": "Bea", "surname": "Buyer"}


class TestApprove:
    async def test_the_order_knows_its_payer(self, shop: Shop) -> None:
        made = await shop.create()
        approved = await shop.approve(made["id"])
        assert approved["status"] == "APPROVED"
        assert approved["payer"] == {
            "name": BEA,
            "email_address": "buyer@example.com",
            "payer_id": BUYER,
            "address": {"country_code": "US"},
        }
        assert approved["payment_source"] == {
            "paypal": {
                "email_address": "buyer@example.com",
                "account_id": BUYER,
                "account_status": "VERIFIED",
                "name": BEA,
                "address": {"country_code": "US"},
            }
        }
        assert set(links(approved)) == {"self", "update", "capture"}
        assert (await shop.get(made["id"])).json() == approved

    async def test_the_store_is_told(self, shop: Shop) -> None:
        approved = await shop.approve((await shop.create())["id"])
        assert await shop.events() == ["CHECKOUT.ORDER.APPROVED"]
        (event,) = shop.orders.events
        data = orjson.loads(event.data)
        assert (event.subject, data["client_id"], data["account_id"]) == (approved["id"], "sandbox-client-id", STORE)
        assert (data["resource_type"], data["resource_version"], data["resource"]) == ("checkout-order", "2.0", approved)

    async def test_it_is_shipped_to_where_the_payer_lives(self, shop: Shop) -> None:
        for context in ({}, {"shipping_preference": None}, {"shipping_preference": "GET_FROM_FILE"}):
            approved = await shop.approve((await shop.create(application_context=context))["id"])
            assert approved["purchase_units"][0]["shipping"] == FILED

    @pytest.mark.parametrize("preference", ["NO_SHIPPING", "SET_PROVIDED_ADDRESS"])
    async def test_unless_the_store_says_otherwise(self, shop: Shop, preference: str) -> None:
        given = {"name": {"full_name": "Somebody"}, "address": {**FILED["address"], "address_line_1": "2 Other Street"}}
        made = await shop.create(unit(shipping=given), application_context={"shipping_preference": preference})
        assert (await shop.approve(made["id"]))["purchase_units"][0]["shipping"] == given

    async def test_repeating_it_changes_nothing(self, shop: Shop) -> None:
        order_id = (await shop.create())["id"]
        assert await shop.approve(order_id) == await shop.approve(order_id)
        assert await shop.events() == ["CHECKOUT.ORDER.APPROVED"]

    async def test_another_payer_can_take_over_until_it_is_paid(self, shop: Shop) -> None:
        order_id = await shop.approved()
        assert (await shop.approve(order_id, POOR))["payer"]["payer_id"] == POOR
        await shop.approve(order_id)
        assert (await shop.capture(order_id)).status_code == 201
        with pytest.raises(OrderAlreadyCompleted):
            await shop.approve(order_id)

    async def test_who_cannot_approve(self, shop: Shop) -> None:
        order_id = (await shop.create(unit(payee={"merchant_id": OTHER})))["id"]
        with pytest.raises(PayerCannotPay):
            await shop.approve(order_id, OTHER)
        with pytest.raises(PayerNotFound):
            await shop.approve(order_id, "NOBODY")
        with pytest.raises(InstrumentNotFound):
            await shop.approve(order_id, POOR, funding="card")
        with pytest.raises(InstrumentNotFound):
            await shop.approve(order_id, BUYER, funding="card", instrument_id="NONE")
        for unknown in ("UNKNOWN", "../x", "x\0"):
            with pytest.raises(OrderNotFound):
                await shop.approve(unknown)

    async def test_by_a_stored_card_of_the_payer(self, shop: Shop) -> None:
        approved = await shop.approve((await shop.create())["id"], BUYER, funding="card", instrument_id="CARD1BUYER3F6")
        assert set(approved["payment_source"]) == {"paypal"}
        before = await shop.balance(BUYER)
        captured = (await shop.capture(approved["id"])).json()
        assert captured["purchase_units"][0]["payments"]["captures"][0]["status"] == "COMPLETED"
        assert await shop.balance(BUYER) == before

    async def test_after_three_hours_it_is_too_late(self, shop: Shop) -> None:
        clock = shop.orders.clock
        clock.freeze()
        order_id = (await shop.create())["id"]
        clock.move_to(clock.now() + timedelta(hours=3))
        with pytest.raises(OrderExpired):
            await shop.approve(order_id)


class TestWhatThePayerWasShown:
    AMOUNT = "/purchase_units/@reference_id=='default'/amount"

    async def seen(self, shop: Shop, order_id: str) -> str:
        seen = (await shop.orders.client(OrdersClient).get(order_id)).seen
        assert seen is not None
        return seen

    async def test_is_what_he_approves(self, shop: Shop) -> None:
        order_id = (await shop.create())["id"]
        seen = await self.seen(shop, order_id)
        await shop.approve(order_id, seen=seen)
        assert (await shop.approve(order_id, seen=seen, funding="card"))["status"] == "APPROVED"
        assert await self.seen(shop, order_id) == seen

    @pytest.mark.parametrize(
        "change",
        [
            {"op": "replace", "path": AMOUNT, "value": usd("5000.00")},
            {"op": "replace", "path": AMOUNT, "value": {"currency_code": "EUR", "value": "100.00"}},
            {"op": "replace", "path": "/purchase_units/@reference_id=='default'/payee/email", "value": "other@example.com"},
            {"op": "replace", "path": "/intent", "value": "AUTHORIZE"},
        ],
    )
    async def test_and_nothing_that_the_store_makes_of_it_meanwhile(self, shop: Shop, change: dict[str, Any]) -> None:
        order_id = (await shop.create())["id"]
        seen = await self.seen(shop, order_id)
        assert (await shop.patch(order_id, change)).status_code == 204
        for _ in range(2):  # as it was made a moment ago, and as it is
            with pytest.raises(OrderChanged):
                await shop.approve(order_id, seen=seen)
        assert (await shop.get(order_id)).json()["status"] == "CREATED"
        assert (await shop.approve(order_id, seen=await self.seen(shop, order_id)))["status"] == "APPROVED"

    async def test_nor_a_permission_that_he_did_not_read(self, shop: Shop) -> None:
        order_id = (await shop.create())["id"]
        seen = await self.seen(shop, order_id)
        keep = {"payment_source": {"paypal": {"attributes": {"vault": {"store_in_vault": "ON_SUCCESS"}}}}}
        assert (await shop.post(f"/{order_id}/confirm-payment-source", keep)).status_code == 200
        with pytest.raises(OrderChanged):
            await shop.approve(order_id, seen=seen)

    @pytest.mark.parametrize(
        ("shown", "changed"),
        [
            ({"user_action": "PAY_NOW"}, {"user_action": "CONTINUE"}),
            ({"shipping_preference": "NO_SHIPPING"}, {"shipping_preference": "GET_FROM_FILE"}),
        ],
    )
    async def test_nor_that_the_price_is_open_or_his_address_told(self, shop: Shop, shown: Any, changed: Any) -> None:
        order_id = (await shop.create(application_context=shown))["id"]
        seen = await self.seen(shop, order_id)
        context = {"payment_source": {"paypal": {"experience_context": changed}}}
        assert (await shop.post(f"/{order_id}/confirm-payment-source", context)).status_code == 200
        with pytest.raises(OrderChanged):
            await shop.approve(order_id, seen=seen)

    async def test_nor_another_address_of_the_store_s(self, shop: Shop) -> None:
        address = {"address_line_1": "2 Street", "admin_area_2": "Rome", "postal_code": "00118", "country_code": "IT"}
        given = unit("5.00", shipping={"address": address})
        order_id = (await shop.create(given, application_context={"shipping_preference": "SET_PROVIDED_ADDRESS"}))["id"]
        seen = await self.seen(shop, order_id)
        other = {
            "op": "replace",
            "path": f"{self.AMOUNT.removesuffix('amount')}shipping/address",
            "value": address | {"address_line_1": "3 Street"},
        }
        assert (await shop.patch(order_id, other)).status_code == 204
        with pytest.raises(OrderChanged):
            await shop.approve(order_id, seen=seen)

    async def test_what_changes_nothing_for_him_does_not_matter(self, shop: Shop) -> None:
        order_id = (await shop.create())["id"]
        seen = await self.seen(shop, order_id)
        added = {"op": "add", "path": "/purchase_units/@reference_id=='default'/custom_id", "value": "new"}
        assert (await shop.patch(order_id, added)).status_code == 204
        assert (await shop.approve(order_id, seen=seen))["status"] == "APPROVED"


class TestCompleteOnApproval:
    async def test_it_is_captured_as_soon_as_it_is_approved(self, shop: Shop) -> None:
        made = await shop.create(processing_instruction="ORDER_COMPLETE_ON_PAYMENT_APPROVAL")
        approved = await shop.approve(made["id"])
        assert (approved["status"], approved["processing_instruction"]) == ("COMPLETED", "ORDER_COMPLETE_ON_PAYMENT_APPROVAL")
        assert approved["purchase_units"][0]["payments"]["captures"][0]["amount"] == usd("100.00")
        assert await shop.events() == ["CHECKOUT.ORDER.APPROVED", "CHECKOUT.ORDER.PROCESSED", "CHECKOUT.ORDER.COMPLETED"]

    async def test_a_payer_without_money_leaves_it_approved(self, shop: Shop) -> None:
        made = await shop.create(processing_instruction="ORDER_COMPLETE_ON_PAYMENT_APPROVAL")
        assert (await shop.approve(made["id"], POOR))["status"] == "APPROVED"


class TestView:
    async def test_it_shows_whom_and_what_one_pays(self, shop: Shop) -> None:
        item = {"name": "Thing", "quantity": "2", "unit_amount": usd("45.00")}
        amount = {**usd("90.00"), "breakdown": {"item_total": usd("90.00")}}
        units = [{"reference_id": "a", "amount": amount, "items": [item], "description": "Two things"}, unit("5", reference_id="b")]
        context = {"brand_name": "Shop", "return_url": "https://shop.example/back", "cancel_url": "com.example.shop://no"}
        context |= {"user_action": "PAY_NOW", "shipping_preference": "NO_SHIPPING"}
        shop.orders.clock.freeze()
        made = await shop.create(*units, application_context=context)
        view = await shop.orders.client(OrdersClient).get(made["id"])
        thing = ItemView(name="Thing", quantity=2, amount=4500)
        store = Payee(account_id=STORE, name="Example Store", email="store@example.com")
        assert (view.id, view.status, view.intent, view.client_id) == (made["id"], "CREATED", "CAPTURE", "sandbox-client-id")
        assert (view.payee, view.amount, view.currency, view.payer) == (store, 9500, "USD", None)
        assert view.units == (
            UnitView(
                reference_id="a",
                amount=9000,
                payee=store,
                description="Two things",
                items=(thing,),
                breakdown={"item_total": 9000},
            ),
            UnitView(reference_id="b", amount=500, payee=store),
        )
        assert (view.return_url, view.cancel_url, view.brand_name) == ("https://shop.example/back", "com.example.shop://no", "Shop")
        assert (view.user_action, view.shipping_preference) == ("PAY_NOW", "NO_SHIPPING")
        assert view.expires == shop.orders.clock.now() + timedelta(hours=3)

    async def test_it_shows_what_the_amount_is_made_of_and_where_it_goes(self, shop: Shop) -> None:
        breakdown = {"item_total": usd("9.00"), "shipping": usd("2.00"), "discount": usd("1.00"), "insurance": None, "more": "unknown"}
        shipping = {"name": {"full_name": "Somebody"}, "address": {**FILED["address"], "address_line_2": None, "more": ["unknown"]}}
        made = await shop.create({"amount": {**usd("10.00"), "breakdown": breakdown}, "shipping": shipping})
        [shown] = (await shop.orders.client(OrdersClient).get(made["id"])).units
        assert shown.breakdown == {"item_total": 900, "shipping": 200, "discount": 100}
        assert shown.shipping == Shipping(name="Somebody", address=FILED["address"])

    async def test_the_sources_context_wins(self, shop: Shop) -> None:
        source = {"paypal": {"experience_context": {"return_url": "https://new.example/"}}}
        old = {"return_url": "https://old.example/", "brand_name": "Shop"}
        made = (await shop.post("", order(payment_source=source, application_context=old), paypal_request_id="1")).json()
        view = await shop.orders.client(OrdersClient).get(made["id"])
        assert (view.return_url, view.brand_name) == ("https://new.example/", "Shop")

    async def test_an_expired_order_says_so(self, shop: Shop) -> None:
        clock = shop.orders.clock
        clock.freeze()
        made = await shop.create()
        clock.move_to(clock.now() + timedelta(hours=3))
        assert (await shop.orders.client(OrdersClient).get(made["id"])).status == "EXPIRED"
        with pytest.raises(OrderNotFound):
            await shop.orders.client(OrdersClient).get("NONE")
