from __future__ import annotations

from datetime import timedelta
from typing import Any

from farthing.kit.clock import wire_time
from farthing.kit.settings import Settings
from services.orders.tests.conftest import BUYER, OTHER, PATH, POOR, STORE, Shop, issues, links, order, unit, usd
from tests.single import StartSingle

OTHERS_EMAIL = "other@example.com"
HERE = f"http://127.0.0.1:8080{PATH}"


class TestWithoutSource:
    async def test_it_is_created_and_links_to_what_comes_next(self, shop: Shop) -> None:
        made = await shop.create()
        there = f"{HERE}/{made['id']}"
        assert (len(made["id"]), made["status"], made["intent"]) == (17, "CREATED", "CAPTURE")
        assert links(made) == {
            "self": ("GET", there),
            "approve": ("GET", f"http://127.0.0.1:8080/checkoutnow?token={made['id']}"),
            "update": ("PATCH", there),
            "capture": ("POST", f"{there}/capture"),
        }
        assert links(await shop.create(intent="AUTHORIZE"))["authorize"][0] == "POST"

    async def test_minimal_is_the_default(self, shop: Shop) -> None:
        answer = await shop.post("", order())
        assert answer.status_code == 201
        assert set(answer.json()) == {"id", "status", "links"}
        minimal = await shop.post("", order(), prefer="return=minimal")
        assert set(minimal.json()) == {"id", "status", "links"}

    async def test_the_store_is_payee_and_the_only_unit_default(self, shop: Shop) -> None:
        made = await shop.create(unit("10"))
        assert made["purchase_units"] == [
            {"amount": usd("10.00"), "reference_id": "default", "payee": {"email_address": "store@example.com", "merchant_id": STORE}}
        ]
        assert made["create_time"] == made["update_time"]

    async def test_what_it_does_not_know_it_shows_again(self, shop: Shop) -> None:
        told = unit(surprise={"deep": [1, None, "ü"]}, soft_descriptor="SHOP")
        made = await shop.create(told, news=[True], processing_instruction="NO_INSTRUCTION")
        assert made["news"] == [True]
        assert made["purchase_units"][0]["surprise"] == {"deep": [1, None, "ü"]}
        assert (await shop.get(made["id"])).json() == made

    async def test_numbers_where_text_is_due_become_the_text_that_they_were(self, shop: Shop) -> None:
        item = {"name": "Mug", "quantity": 3, "unit_amount": {"currency_code": "USD", "value": 4}}
        breakdown = {"item_total": {"currency_code": "USD", "value": 12.0}}
        made = await shop.create({"amount": {"currency_code": "USD", "value": 12, "breakdown": breakdown}, "items": [item], "odd": 1.50})
        [shown] = made["purchase_units"]
        assert shown["amount"] == {**usd("12.00"), "breakdown": {"item_total": usd("12.00")}}
        assert (shown["items"], shown["odd"]) == ([{"name": "Mug", "quantity": "3", "unit_amount": usd("4.00")}], 1.5)
        path, value = "/purchase_units/@reference_id=='default'", {"currency_code": "USD", "value": 8.5}
        items = {"op": "remove", "path": f"{path}/items"}
        assert (await shop.patch(made["id"], items, {"op": "replace", "path": f"{path}/amount", "value": value})).status_code == 204
        assert (await shop.get(made["id"])).json()["purchase_units"][0]["amount"] == usd("8.50")

    async def test_locales_and_telephone_numbers_of_the_files(self, shop: Shop) -> None:
        for locale in ("de", "en-US", "zh-Hant", "zh-Hant-TW", "es-419", None):
            await shop.create(application_context={"locale": locale})
        made = await shop.create(payer={"phone": {"phone_type": "HOME", "phone_number": {"national_number": 4085551234}}})
        assert made["payer"]["phone"] == {"phone_type": "HOME", "phone_number": {"national_number": "4085551234"}}

    async def test_what_is_read_only_is_ignored(self, shop: Shop) -> None:
        told = unit(id="X", payments={"captures": []}, shipping={"trackers": [{}], "name": {"full_name": "Bea"}})
        made = await shop.create(told, id="MINE", status="COMPLETED", links=[], payer={"payer_id": "X", "email_address": "a@b.example"})
        assert (made["id"] == "MINE", made["status"], made["payer"]) == (False, "CREATED", {"email_address": "a@b.example"})
        assert {"id", "payments"} & set(made["purchase_units"][0]) == set()
        assert made["purchase_units"][0]["shipping"] == {"name": {"full_name": "Bea"}}

    async def test_ten_units_for_two_payees(self, shop: Shop) -> None:
        units = [unit(reference_id=str(number), payee={"email_address": "Other@example.com"}) for number in range(5)]
        units += [unit(reference_id=str(number)) for number in range(5, 10)]
        made = await shop.create(*units)
        assert [one["payee"]["merchant_id"] for one in made["purchase_units"]] == [OTHER] * 5 + [STORE] * 5
        assert made["purchase_units"][0]["payee"]["email_address"] == "other@example.com"

    async def test_a_platform_fee_goes_to_somebody_else_than_the_payee(self, shop: Shop) -> None:
        fee: dict[str, Any] = {"platform_fees": [{"amount": usd("1.00")}]}
        to_payee: dict[str, Any] = {"platform_fees": [{"amount": usd("1.00"), "payee": {"merchant_id": OTHER}}]}
        answer = await shop.post("", order(unit(payment_instruction=to_payee, payee={"email_address": "other@example.com"})))
        assert (answer.status_code, issues(answer)) == (422, ["INVALID_PLATFORM_FEES_ACCOUNT"])
        order_id = await shop.approved(unit(payment_instruction=fee, payee={"merchant_id": OTHER}))
        before = await shop.balance(STORE)
        assert (await shop.capture(order_id)).status_code == 201
        assert await shop.balance(STORE) == before + 1_00

    async def test_a_payee_who_cannot_be_paid(self, shop: Shop) -> None:
        both = {"merchant_id": STORE, "email_address": OTHERS_EMAIL}
        for payee in ({"merchant_id": "NOBODY"}, {"email_address": "no@example.com"}, both):
            answer = await shop.post("", order(unit(payee=payee)))
            assert (answer.status_code, issues(answer)) == (422, ["PAYEE_ACCOUNT_INVALID"])
            assert answer.json()["details"][0]["field"] == "/purchase_units/0/payee"

    async def test_all_broken_rules_at_once(self, shop: Shop) -> None:
        answer = await shop.post("", order(unit("0.00"), unit("1.001"), intent="AUTHORIZE"))
        assert (answer.status_code, answer.json()["name"]) == (422, "UNPROCESSABLE_ENTITY")
        expected = [
            "CANNOT_BE_ZERO_OR_NEGATIVE",
            "DECIMAL_PRECISION",
            "REFERENCE_ID_REQUIRED",
            "REFERENCE_ID_REQUIRED",
            "UNSUPPORTED_INTENT",
        ]
        assert issues(answer) == expected
        assert await shop.count("orders") == 0

    async def test_the_address_that_it_is_to_be_shipped_to_must_be_there(self, shop: Shop) -> None:
        expected = (422, ["MISSING_SHIPPING_ADDRESS"])
        provided = {"shipping_preference": "SET_PROVIDED_ADDRESS"}
        answer = await shop.post("", order(application_context=provided))
        assert (answer.status_code, issues(answer)) == expected
        source: dict[str, Any] = {"payment_source": {"paypal": {"experience_context": provided}}}
        answer = await shop.post("", order(**source), paypal_request_id="1")
        assert (answer.status_code, issues(answer)) == expected
        order_id = (await shop.create())["id"]
        answer = await shop.post(f"/{order_id}/confirm-payment-source", source)
        assert (answer.status_code, issues(answer)) == expected
        assert (await shop.get(order_id)).json()["status"] == "CREATED"

    async def test_a_processing_instruction_it_cannot_follow(self, shop: Shop) -> None:
        answer = await shop.post("", order(processing_instruction="ORDER_SAVED_EXPLICITLY"))
        assert issues(answer) == ["UNSUPPORTED_PROCESSING_INSTRUCTION"]

    async def test_no_event(self, shop: Shop) -> None:
        await shop.create()
        assert await shop.events() == []


class TestWithWallet:
    async def test_the_payer_has_to_act(self, shop: Shop) -> None:
        source = {"paypal": {"email_address": "buyer@example.com", "experience_context": {"return_url": "https://shop.example/back"}}}
        answer = await shop.post("", order(payment_source=source), paypal_request_id="1")
        made = answer.json()
        assert (answer.status_code, made["status"]) == (200, "PAYER_ACTION_REQUIRED")
        assert made["payment_source"] == {"paypal": {"email_address": "buyer@example.com"}}
        assert links(made) == {
            "self": ("GET", f"{HERE}/{made['id']}"),
            "payer-action": ("GET", f"http://127.0.0.1:8080/checkoutnow?token={made['id']}"),
        }

    async def test_a_request_id_is_required(self, shop: Shop) -> None:
        answer = await shop.post("", order(payment_source={"paypal": {}}))
        assert (answer.status_code, issues(answer)) == (400, ["PAYPAL_REQUEST_ID_REQUIRED"])
        assert await shop.count("orders") == 0

    async def test_an_empty_source_is_not_the_same_as_none(self, shop: Shop) -> None:
        for empty in ({}, {"paypal": None}):
            for key in ({}, {"paypal_request_id": "1"}):
                answer = await shop.post("", order(payment_source=empty), **key)
                assert (answer.status_code, issues(answer)) == (422, ["NO_PAYMENT_SOURCE_PROVIDED"])
                assert answer.json()["details"][0]["field"] == "/payment_source"
        assert (await shop.create(payment_source=None))["status"] == "CREATED"

    async def test_sources_that_cannot_be_used(self, shop: Shop) -> None:
        sources: list[tuple[dict[str, object], str]] = [
            ({"paypal": {}, "ideal": {}}, "ONLY_ONE_PAYMENT_SOURCE_ALLOWED"),
            ({"apple_pay": {"id": "1"}}, "NOT_ENABLED_FOR_APPLE_PAY"),
            ({"google_pay": {"name": "Bea"}}, "NOT_ENABLED_FOR_GOOGLE_PAY"),
            ({"surprise": {}}, "PAYMENT_SOURCE_CANNOT_BE_USED"),
            ({"paypal": {"vault_id": "X"}}, "TOKEN_ID_NOT_FOUND"),
            ({"paypal": {"billing_agreement_id": "B-1"}}, "BILLING_AGREEMENT_NOT_FOUND"),
        ]
        for source, issue in sources:
            answer = await shop.post("", order(payment_source=source), paypal_request_id="1")
            assert (answer.status_code, issues(answer)) == (422, [issue])

    async def test_who_is_paid_pays_himself_no_platform_fee(self, shop: Shop) -> None:
        fee = {"amount": usd("1.00")}  # without a payee it goes to the app's own account
        answer = await shop.post("", order(unit(payment_instruction={"platform_fees": [fee]})))
        field = "/purchase_units/0/payment_instruction/platform_fees/0/payee"
        assert (answer.status_code, issues(answer), answer.json()["details"][0]["field"]) == (422, ["INVALID_PLATFORM_FEES_ACCOUNT"], field)
        told = unit(payee={"merchant_id": OTHER}, payment_instruction={"platform_fees": [fee]})
        assert (await shop.create(told))["purchase_units"][0]["payment_instruction"]["platform_fees"][0]["payee"]["merchant_id"] == STORE

    async def test_local_methods_send_the_payer_to_the_same_page(self, shop: Shop) -> None:
        ideal = {"name": "Bea Buyer", "country_code": "NL", "experience_context": {"locale": "nl-NL"}}
        answer = await shop.post("", order(payment_source={"ideal": ideal}), paypal_request_id="1")
        made = answer.json()
        assert (answer.status_code, made["status"], made["payment_source"]) == (200, "PAYER_ACTION_REQUIRED", {"ideal": ideal})


class TestReplay:
    async def test_the_same_request_id_makes_one_order(self, shop: Shop) -> None:
        first = await shop.post("", order(), paypal_request_id="one")
        again = await shop.post("", order(unit("5.00")), paypal_request_id="one")
        assert (first.status_code, again.status_code, first.json()) == (201, 200, again.json())
        other = await shop.post("", order(), paypal_request_id="two")
        assert (other.status_code, await shop.count("orders")) == (201, 2)

    async def test_it_answers_the_present_state(self, shop: Shop) -> None:
        order_id = (await shop.post("", order(), paypal_request_id="one")).json()["id"]
        await shop.approve(order_id)
        again = await shop.post("", order(), paypal_request_id="one")
        assert (again.status_code, again.json()["id"], again.json()["status"]) == (200, order_id, "APPROVED")

    async def test_another_app_has_request_ids_of_its_own(self, shop: Shop) -> None:
        assert (await shop.post("", order(), paypal_request_id="one")).status_code == 201
        assert (await shop.post("", order(), OTHER, paypal_request_id="one")).status_code == 201

    async def test_a_refusal_leaves_no_record(self, shop: Shop) -> None:
        refused = await shop.post("", order(unit("0.00")), paypal_request_id="one")
        assert (refused.status_code, await shop.count("idempotency")) == (422, 0)
        assert (await shop.post("", order(), paypal_request_id="one")).status_code == 201

    async def test_it_is_kept_for_six_hours(self, shop: Shop) -> None:
        clock = shop.orders.clock
        clock.freeze()
        first = (await shop.post("", order(), paypal_request_id="one")).json()
        await shop.approve(first["id"])
        await shop.capture(first["id"])  # so that it does not expire
        clock.move_to(clock.now() + timedelta(hours=5, minutes=59))
        assert (await shop.post("", order(), paypal_request_id="one")).json()["id"] == first["id"]
        clock.move_to(clock.now() + timedelta(minutes=1))
        assert (await shop.post("", order(), paypal_request_id="one")).status_code == 201
        assert await shop.count("idempotency") == 1

    async def test_too_long_an_id(self, shop: Shop) -> None:
        assert (await shop.post("", order(), paypal_request_id="x" * 108)).status_code == 201
        answer = await shop.post("", order(), paypal_request_id="x" * 109)
        assert (answer.status_code, issues(answer)) == (400, ["INVALID_STRING_LENGTH"])

    async def test_strict_mode_refuses_another_body(self, single: StartSingle) -> None:
        shop = Shop(await single("orders", "accounts", "merchants", settings=Settings(strict_idempotency=True)))
        assert (await shop.post("", order(), paypal_request_id="one")).status_code == 201
        assert (await shop.post("", order(), paypal_request_id="one")).status_code == 200
        answer = await shop.post("", order(unit("5.00")), paypal_request_id="one")
        assert (answer.status_code, issues(answer)) == (422, ["PAYPAL_REQUEST_ID_REUSED"])


class TestAutoApproval:
    async def test_a_rule_approves_before_the_answer_leaves(self, shop: Shop) -> None:
        shop.orders.switches.put("auto-approve", [{"buyer": BUYER, "app": "sandbox-client-id", "funding": "balance"}])
        made = await shop.create()
        assert (made["status"], made["payer"]["payer_id"]) == ("APPROVED", BUYER)
        assert set(links(made)) == {"self", "update", "capture"}
        assert await shop.events() == ["CHECKOUT.ORDER.APPROVED"]
        answer = await shop.post("", order(), OTHER)
        assert answer.json()["status"] == "CREATED"

    async def test_a_rule_that_cannot_be_followed_leaves_it_to_the_payer(self, shop: Shop) -> None:
        shop.orders.switches.put("auto-approve", [{"buyer": POOR, "app": "*", "funding": "card"}])
        assert (await shop.create())["status"] == "CREATED"


class TestTimes:
    async def test_times_are_those_of_the_clock(self, shop: Shop) -> None:
        shop.orders.clock.freeze()
        now = wire_time(shop.orders.clock.now())
        made = await shop.create()
        assert (made["create_time"], made["update_time"]) == (now, now)
