from __future__ import annotations

from typing import Any

import pytest

from services.orders.tests.conftest import BUYER, OTHER, STORE, Shop, issues, order, unit, usd

UNIT = "/purchase_units/@reference_id=='default'"
CARD = {"card": {"number": "4012888888881881", "expiry": "2035-12"}}


def replace(path: str, value: Any) -> dict[str, Any]:
    return {"op": "replace", "path": path, "value": value}


class TestPatch:
    async def test_a_new_amount(self, shop: Shop) -> None:
        order_id = (await shop.create())["id"]
        answer = await shop.patch(order_id, replace(f"{UNIT}/amount", usd("120")))
        assert (answer.status_code, answer.content) == (204, b"")
        shown = (await shop.get(order_id)).json()
        assert (shown["purchase_units"][0]["amount"], shown["status"]) == (usd("120.00"), "CREATED")

    async def test_intent_payer_and_context(self, shop: Shop) -> None:
        order_id = (await shop.create())["id"]
        context = {"op": "add", "path": "/application_context/client_configuration", "value": {"product_code": "X"}}
        payer = {"op": "add", "path": "/payer", "value": {"name": {"given_name": "Bea"}}}
        assert (await shop.patch(order_id, replace("/intent", "AUTHORIZE"), context, payer)).status_code == 204
        shown = (await shop.get(order_id)).json()
        assert (shown["intent"], shown["payer"]) == ("AUTHORIZE", {"name": {"given_name": "Bea"}})

    async def test_another_payee(self, shop: Shop) -> None:
        order_id = (await shop.create())["id"]
        assert (await shop.patch(order_id, replace(f"{UNIT}/payee/email", "other@example.com"))).status_code == 204
        assert (await shop.get(order_id)).json()["purchase_units"][0]["payee"]["merchant_id"] == OTHER

    async def test_all_or_nothing(self, shop: Shop) -> None:
        made = await shop.create()
        answer = await shop.patch(made["id"], replace(f"{UNIT}/amount", usd("1.00")), replace("/status", "COMPLETED"))
        assert (answer.status_code, issues(answer)) == (422, ["NOT_PATCHABLE"])
        assert (await shop.get(made["id"])).json() == made

    async def test_the_result_is_checked_like_a_new_order(self, shop: Shop) -> None:
        made = await shop.create()
        mismatch = {**usd("5.00"), "breakdown": {"item_total": usd("4.00")}}
        for patch, status, issue, field in (
            (replace(f"{UNIT}/amount", mismatch), 422, "AMOUNT_MISMATCH", "/purchase_units/0/amount/value"),
            (replace(f"{UNIT}/amount", usd("0.00")), 422, "CANNOT_BE_ZERO_OR_NEGATIVE", "/purchase_units/0/amount/value"),
            (replace(f"{UNIT}/amount", {"value": "1.00"}), 400, "MISSING_REQUIRED_PARAMETER", "/purchase_units/0/amount/currency_code"),
            (replace(f"{UNIT}/amount", 5), 400, "INVALID_PARAMETER_SYNTAX", "/purchase_units/0/amount"),
            (replace(UNIT, "x"), 400, "INVALID_PARAMETER_SYNTAX", "/0/value"),
            (replace("/intent", "STEAL"), 400, "INVALID_PARAMETER_VALUE", "/intent"),
            ({"op": "add", "path": UNIT.replace("default", "b"), "value": unit()}, 204, "", ""),
            (replace("/intent", "AUTHORIZE"), 422, "UNSUPPORTED_INTENT", "/intent"),
        ):
            answer = await shop.patch(made["id"], patch)
            assert answer.status_code == status, answer.text
            if issue:
                assert (issues(answer), answer.json()["details"][0]["field"]) == ([issue], field)

    async def test_no_patch_at_all(self, shop: Shop) -> None:
        order_id = (await shop.create())["id"]
        for body in (b"", b"null", b"[]", b"{}", b'[{"path": "/intent"}]', b'[{"op": "explode"}]'):
            headers = shop.headers() | {"content-type": "application/json-patch+json"}
            answer = await shop.orders.http.patch(f"/v2/checkout/orders/{order_id}", content=body, headers=headers)
            assert (answer.status_code, answer.json()["name"]) == (400, "INVALID_REQUEST")

    async def test_another_merchants_order(self, shop: Shop) -> None:
        order_id = (await shop.create())["id"]
        assert (await shop.patch(order_id, replace("/intent", "AUTHORIZE"), app=OTHER)).status_code == 404


class TestPayer:
    async def test_null_is_no_payer_as_at_creation(self, shop: Shop) -> None:
        for pay, intent in (("capture", "CAPTURE"), ("authorize", "AUTHORIZE")):
            order_id = (await shop.create(intent=intent))["id"]
            assert (await shop.patch(order_id, {"op": "add", "path": "/payer", "value": None})).status_code == 204
            await shop.approve(order_id)
            paid = await shop.post(f"/{order_id}/{pay}", paypal_request_id="one")
            assert (paid.status_code, paid.json()["payer"]) == (201, {"payer_id": BUYER})
            again = await shop.post(f"/{order_id}/{pay}", paypal_request_id="one")
            assert (again.status_code, again.json()) == (200, paid.json())

    async def test_a_payer_that_an_earlier_release_stored_as_null(self, shop: Shop) -> None:
        order_id = await shop.approved()
        null = "UPDATE orders SET document = jsonb_set(document::jsonb, '{payer}', 'null')::json WHERE id = $1"
        await shop.orders.database.execute(null, order_id)
        assert (await shop.capture(order_id)).status_code == 201

    async def test_who_pays_is_not_for_a_patch_to_say(self, shop: Shop) -> None:
        created = (await shop.create())["id"]
        payer = {"name": {"given_name": "Bea"}, "payer_id": OTHER}
        assert (await shop.patch(created, {"op": "add", "path": "/payer", "value": payer})).status_code == 204
        assert (await shop.get(created)).json()["payer"] == {"name": {"given_name": "Bea"}}
        await shop.approve(created)
        assert (await shop.patch(created, {"op": "add", "path": f"{UNIT}/custom_id", "value": "C-1"})).status_code == 204
        assert (await shop.get(created)).json()["payer"]["payer_id"] == BUYER


class TestAfterApproval:
    @pytest.mark.parametrize("context", [None, {"user_action": "CONTINUE"}])
    async def test_what_was_to_be_continued_may_grow(self, shop: Shop, context: Any) -> None:
        order_id = await shop.approved(application_context=context)
        assert (await shop.patch(order_id, replace(f"{UNIT}/amount", usd("112.50")))).status_code == 204
        captured = await shop.capture(order_id)
        assert captured.json()["purchase_units"][0]["payments"]["captures"][0]["amount"] == usd("112.50")

    async def test_more_than_the_wallet_holds_is_refused_by_the_capture(self, shop: Shop) -> None:
        order_id, everything = await shop.approved(), await shop.balance(BUYER)
        for value, expected in ((f"{everything // 100 + 1}.00", 422), ("112.50", 201)):
            assert (await shop.patch(order_id, replace(f"{UNIT}/amount", usd(value)))).status_code == 204
            assert (await shop.capture(order_id)).status_code == expected

    async def test_after_approval_nobody_else_is_the_payer(self, shop: Shop) -> None:
        order_id, other = (await shop.create())["id"], {"op": "add", "path": "/payer", "value": {"email_address": "ann@example.com"}}
        assert (await shop.patch(order_id, other)).status_code == 204
        await shop.approve(order_id)
        before = (await shop.get(order_id)).json()
        answer = await shop.patch(order_id, replace(f"{UNIT}/amount", usd("60.00")), other)
        assert (answer.status_code, issues(answer)) == (422, ["PAYER_PATCH_NOT_ALLOWED"])
        assert (await shop.get(order_id)).json() == before

    @pytest.mark.parametrize("where", ["application_context", "experience_context"])
    async def test_a_final_amount_can_fall_and_come_back_but_not_grow(self, shop: Shop, where: str) -> None:
        context: Any = {where: {"user_action": "PAY_NOW"}}
        wanted = context if where == "application_context" else {"payment_source": {"paypal": context}}
        made = await shop.post("", order(**wanted), paypal_request_id="one")
        order_id = made.json()["id"]
        await shop.approve(order_id)
        for value in ("60.00", "100.00"):
            assert (await shop.patch(order_id, replace(f"{UNIT}/amount", usd(value)))).status_code == 204
        answer = await shop.patch(order_id, replace(f"{UNIT}/amount", usd("100.01")))
        assert (answer.status_code, issues(answer)) == (422, ["AMOUNT_CHANGE_NOT_ALLOWED"])
        assert (await shop.get(order_id)).json()["purchase_units"][0]["amount"] == usd("100.00")

    async def test_nor_does_it_grow_beyond_what_a_card_was_confirmed_for(self, shop: Shop) -> None:
        order_id = (await shop.create(unit("10.00")))["id"]
        confirmed = await shop.post(f"/{order_id}/confirm-payment-source", {"payment_source": CARD})
        assert confirmed.json()["status"] == "APPROVED"
        for value in ("6.00", "10.00"):
            assert (await shop.patch(order_id, replace(f"{UNIT}/amount", usd(value)))).status_code == 204
        answer = await shop.patch(order_id, replace(f"{UNIT}/amount", usd("10.01")))
        assert (answer.status_code, issues(answer)) == (422, ["AMOUNT_CHANGE_NOT_ALLOWED"])
        captured = (await shop.capture(order_id)).json()
        assert captured["purchase_units"][0]["payments"]["captures"][0]["amount"] == usd("10.00")

    async def test_nor_after_an_earlier_release_confirmed_the_card(self, shop: Shop) -> None:
        order_id = (await shop.create(unit("10.00")))["id"]
        await shop.post(f"/{order_id}/confirm-payment-source", {"payment_source": CARD})
        without_limit = "UPDATE orders SET funding = (funding::jsonb - 'limit')::json WHERE id = $1"
        await shop.orders.database.execute(without_limit, order_id)
        answer = await shop.patch(order_id, replace(f"{UNIT}/amount", usd("10.01")))
        assert (answer.status_code, issues(answer)) == (422, ["AMOUNT_CHANGE_NOT_ALLOWED"])

    async def test_the_intent_stays(self, shop: Shop) -> None:
        """An authorization may be captured for more than it was made for."""
        order_id = await shop.approved()
        answer = await shop.patch(order_id, replace("/intent", "AUTHORIZE"))
        assert (answer.status_code, issues(answer), answer.json()["details"][0]["field"]) == (422, ["NOT_PATCHABLE"], "/intent")
        assert (await shop.patch(order_id, replace("/intent", "CAPTURE"))).status_code == 204
        assert (await shop.capture(order_id)).status_code == 201

    async def test_no_other_currency_and_no_other_payee(self, shop: Shop) -> None:
        order_id = await shop.approved()
        yen = await shop.patch(order_id, replace(f"{UNIT}/amount", {"currency_code": "EUR", "value": "1.00"}))
        assert issues(yen) == ["AMOUNT_CHANGE_NOT_ALLOWED"]
        assert issues(await shop.patch(order_id, replace(f"{UNIT}/payee/email", "other@example.com"))) == ["NOT_PATCHABLE"]

    async def test_after_approval_no_new_account_gets_a_fee(self, shop: Shop) -> None:
        fee: dict[str, Any] = {"platform_fees": [{"amount": usd("1.00"), "payee": {"merchant_id": OTHER}}]}
        order_id = await shop.approved()
        patch = {"op": "add", "path": f"{UNIT}/payment_instruction/platform_fees", "value": fee["platform_fees"]}
        answer = await shop.patch(order_id, patch)
        assert (answer.status_code, issues(answer)) == (422, ["NOT_PATCHABLE"])
        known = await shop.approved(unit(payment_instruction=fee))
        assert (await shop.patch(known, patch | {"op": "replace"})).status_code == 204

    async def test_what_is_captured_is_the_patched_amount(self, shop: Shop) -> None:
        order_id = await shop.approved()
        await shop.patch(order_id, replace(f"{UNIT}/amount", usd("60.00")))
        captured = (await shop.capture(order_id)).json()
        assert captured["purchase_units"][0]["payments"]["captures"][0]["amount"] == usd("60.00")
        assert issues(await shop.patch(order_id, replace("/intent", "AUTHORIZE"))) == ["ORDER_ALREADY_COMPLETED"]


class TestConfirm:
    async def confirm(self, shop: Shop, order_id: str, source: Any, **more: Any) -> Any:
        return await shop.post(f"/{order_id}/confirm-payment-source", {"payment_source": source, **more})

    async def test_a_wallet_is_asked_of_its_payer(self, shop: Shop) -> None:
        order_id = (await shop.create())["id"]
        for _ in range(2):
            answer = await self.confirm(shop, order_id, {"paypal": {"email_address": "buyer@example.com"}})
            assert (answer.status_code, answer.json()["status"]) == (200, "PAYER_ACTION_REQUIRED")
            assert [link["rel"] for link in answer.json()["links"]] == ["self", "payer-action"]
        assert (await shop.approve(order_id))["status"] == "APPROVED"

    async def test_what_cannot_be_confirmed(self, shop: Shop) -> None:
        created, approved, captured = (await shop.create())["id"], await shop.approved(), await shop.approved()
        await shop.capture(captured)
        wallet: dict[str, Any] = {"paypal": {}}
        for order_id, source, expected in (
            (approved, wallet, (422, ["PAYMENT_ALREADY_APPROVED"])),
            (captured, wallet, (422, ["ORDER_CANNOT_BE_CONFIRMED"])),
            (created, {}, (422, ["NO_PAYMENT_SOURCE_PROVIDED"])),
            (created, None, (422, ["NO_PAYMENT_SOURCE_PROVIDED"])),
            ("NONE", wallet, (404, ["INVALID_RESOURCE_ID"])),
        ):
            answer = await self.confirm(shop, order_id, source)
            assert (answer.status_code, issues(answer)) == expected
        missing = await shop.post(f"/{created}/confirm-payment-source", {})
        assert (missing.status_code, issues(missing)) == (400, ["MISSING_REQUIRED_PARAMETER"])

    async def test_a_card_can_complete_it_at_once(self, shop: Shop) -> None:
        order_id = (await shop.create())["id"]
        answer = await self.confirm(shop, order_id, CARD, processing_instruction="ORDER_COMPLETE_ON_PAYMENT_APPROVAL")
        assert (answer.status_code, answer.json()["status"]) == (200, "COMPLETED")
        assert answer.json()["purchase_units"][0]["payments"]["captures"][0]["status"] == "COMPLETED"

    async def test_the_payer_scope_may_confirm(self, shop: Shop) -> None:
        order_id = (await shop.create())["id"]
        headers = shop.orders.bearer("sandbox-client-id", STORE, "payments/initiatepayment")
        path = f"/v2/checkout/orders/{order_id}"
        body: Any = {"payment_source": {"paypal": {}}}
        assert (await shop.orders.http.post(f"{path}/confirm-payment-source", json=body, headers=headers)).status_code == 200
        assert (await shop.orders.http.get(path, headers=headers)).status_code == 403
