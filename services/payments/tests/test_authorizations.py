from __future__ import annotations

import asyncio
from typing import Any

import pytest

from farthing.clients.merchants.client import MerchantsClient
from farthing.clients.merchants.models import MerchantChange
from farthing.clients.payments.models import Payer, Source
from services.payments.tests.conftest import BUYER, CARD, OTHER, POOR, RICH, STORE, WALLET, Shop, issue_of, money, unit


async def status(shop: Shop, authorization: dict[str, Any]) -> str:
    found: str = (await shop.get(f"/authorizations/{authorization['id']}")).json()["status"]
    return found


class TestCapture:
    async def test_without_a_body_takes_all(self, shop: Shop) -> None:
        authorization = await shop.authorized(100_00, order_id="ORDER")
        response = await shop.post(f"/authorizations/{authorization['id']}/capture")
        capture = response.json()
        assert (response.status_code, capture["status"], capture["amount"]["value"]) == (201, "COMPLETED", "100.00")
        assert capture["final_capture"] is False
        assert capture["supplementary_data"]["related_ids"] == {"order_id": "ORDER", "authorization_id": authorization["id"]}
        assert [link["rel"] for link in capture["links"]] == ["self", "refund", "up"]
        assert capture["links"][2]["href"].endswith(f"/v2/payments/authorizations/{authorization['id']}")
        assert await status(shop, authorization) == "CAPTURED"
        assert (await shop.balance(BUYER), await shop.held(), await shop.balance(STORE)) == (RICH - 100_00, 0, 96_02)
        assert await shop.problems() == []

    async def test_minimal_shows_little(self, shop: Shop) -> None:
        authorization = await shop.authorized()
        response = await shop.capture(authorization["id"], representation=False)
        assert set(response.json()) == {"id", "status", "links"}

    async def test_parts_add_up(self, shop: Shop) -> None:
        authorization = await shop.authorized(100_00)
        for amount, expected, held in (
            ("30.00", "PARTIALLY_CAPTURED", 70_00),
            ("50.00", "PARTIALLY_CAPTURED", 20_00),
            (None, "CAPTURED", 0),
        ):
            response = await shop.capture(authorization["id"], amount)
            assert response.status_code == 201
            assert (await status(shop, authorization), await shop.held()) == (expected, held)
            assert await shop.problems() == []
        assert [capture.amount for capture in await shop.captures()] == [30_00, 50_00, 20_00]
        assert issue_of(await shop.capture(authorization["id"])) == (422, "AUTHORIZATION_ALREADY_CAPTURED")

    async def test_what_goes_beyond_may_come_in_a_capture_of_its_own(self, shop: Shop) -> None:
        authorization = await shop.authorized(100_00)
        for amount, held in (("60.00", 40_00), ("40.00", 0), ("10.00", 0)):
            assert ((await shop.capture(authorization["id"], amount)).status_code, await shop.held()) == (201, held)
            assert await shop.problems() == []
        assert await status(shop, authorization) == "CAPTURED"
        assert issue_of(await shop.capture(authorization["id"], "5.01")) == (422, "MAX_CAPTURE_AMOUNT_EXCEEDED")
        assert issue_of(await shop.void(authorization["id"])) == (422, "PREVIOUSLY_CAPTURED")
        assert (await shop.capture(authorization["id"], "5.00")).status_code == 201
        assert issue_of(await shop.capture(authorization["id"], "0.01")) == (422, "AUTHORIZATION_ALREADY_CAPTURED")
        assert await shop.balance(BUYER) == RICH - 115_00
        assert await shop.problems() == []

    async def test_of_a_card_too(self, shop: Shop) -> None:
        authorization = await shop.authorized(100_00, source=CARD)
        for amount in ("60.00", "40.00", "15.00"):
            assert (await shop.capture(authorization["id"], amount)).json()["status"] == "COMPLETED"
        assert issue_of(await shop.capture(authorization["id"], "0.01")) == (422, "AUTHORIZATION_ALREADY_CAPTURED")
        assert await shop.problems() == []

    @pytest.mark.parametrize("source", [WALLET, CARD])
    async def test_what_was_captured_in_full_stays_so_when_its_time_is_over(self, shop: Shop, source: Source) -> None:
        authorization = await shop.authorized(100_00, source=source)
        await shop.capture(authorization["id"])
        shop.advance(days=29)
        await shop.drain()
        assert await status(shop, authorization) == "CAPTURED"
        assert issue_of(await shop.capture(authorization["id"], "1.00")) == (422, "AUTHORIZATION_EXPIRED")
        assert await shop.told("PAYMENT.AUTHORIZATION.VOIDED") == []
        assert await shop.problems() == []

    async def test_the_final_capture_frees_the_rest(self, shop: Shop) -> None:
        authorization = await shop.authorized(100_00)
        response = await shop.capture(authorization["id"], "30.00", body={"final_capture": True})
        assert response.json()["final_capture"] is True
        assert (await status(shop, authorization), await shop.held()) == ("CAPTURED", 0)
        assert issue_of(await shop.capture(authorization["id"], "1.00")) == (422, "AUTHORIZATION_ALREADY_CAPTURED")
        assert await shop.problems() == []

    @pytest.mark.parametrize("final", ["yes", "true", "false", 1, None])
    async def test_whether_it_is_final_is_a_boolean(self, shop: Shop, final: Any) -> None:
        authorization = await shop.authorized(100_00)
        refused = await shop.capture(authorization["id"], "30.00", body={"final_capture": final})
        assert issue_of(refused) == (400, "INVALID_PARAMETER_SYNTAX")
        assert refused.json()["details"][0]["field"] == "/final_capture"
        assert await shop.held() == 100_00

    async def test_a_little_more_than_authorized_comes_from_what_the_payer_has_besides(self, shop: Shop) -> None:
        authorization = await shop.authorized(100_00)
        assert issue_of(await shop.capture(authorization["id"], "115.01")) == (422, "MAX_CAPTURE_AMOUNT_EXCEEDED")
        assert (await shop.capture(authorization["id"], "115.00")).status_code == 201
        assert (await shop.balance(BUYER), await shop.held()) == (RICH - 115_00, 0)
        assert await shop.problems() == []

    async def test_in_us_dollars_at_most_75_more(self, shop: Shop) -> None:
        authorization = await shop.authorized(1000_00)
        assert (await shop.capture(authorization["id"], "500.00")).status_code == 201
        assert issue_of(await shop.capture(authorization["id"], "575.01")) == (422, "MAX_CAPTURE_AMOUNT_EXCEEDED")
        assert (await shop.capture(authorization["id"], "575.00")).status_code == 201

    async def test_the_payer_must_have_what_goes_beyond(self, shop: Shop) -> None:
        await shop.fund(POOR, 100_00)
        authorization = await shop.authorized(100_00, payer=Payer(account_id=POOR))
        assert issue_of(await shop.capture(authorization["id"], "110.00")) == (422, "PAYER_CANNOT_PAY")
        assert (await status(shop, authorization), await shop.held(POOR)) == ("CREATED", 100_00)
        assert (await shop.capture(authorization["id"])).status_code == 201
        assert await shop.problems() == []

    async def test_the_merchants_words_are_shown(self, shop: Shop) -> None:
        paid = await shop.pay(unit(invoice_id="ORDER-INV", custom_id="C"), intent="AUTHORIZE")
        (authorization,) = paid.units["default"].authorizations or ()
        first = (await shop.capture(authorization["id"], "10.00")).json()
        assert (first["invoice_id"], first["custom_id"]) == ("ORDER-INV", "C")
        words = {"invoice_id": "INV-2", "note_to_payer": "thanks", "soft_descriptor": "STORE"}
        assert (await shop.capture(authorization["id"], "10.00", body=words)).json()["invoice_id"] == "INV-2"

    async def test_is_told(self, shop: Shop) -> None:
        authorization = await shop.authorized()
        capture = (await shop.capture(authorization["id"])).json()
        assert [event["resource"] for event in await shop.told("PAYMENT.CAPTURE.COMPLETED")] == [capture]

    async def test_a_platform_fee_goes_to_its_payee(self, shop: Shop) -> None:
        authorization = await shop.authorized(100_00)
        fees = {"payment_instruction": {"platform_fees": [{"amount": money("5.00"), "payee": {"email_address": "other@example.com"}}]}}
        capture = (await shop.capture(authorization["id"], body=fees)).json()
        assert capture["seller_receivable_breakdown"]["net_amount"]["value"] == "91.02"
        assert await shop.balance(OTHER) == 5_00

    async def test_the_disbursement_is_that_of_the_capture_or_else_of_the_order(self, shop: Shop) -> None:
        paid = await shop.pay(unit(100_00, disbursement_mode="DELAYED"), intent="AUTHORIZE")
        (authorization,) = paid.units["default"].authorizations or ()
        asked = {"payment_instruction": {"disbursement_mode": "INSTANT"}}
        captures = [(await shop.capture(authorization["id"], "10.00", body=body)).json() for body in ({}, asked)]
        assert [capture["disbursement_mode"] for capture in captures] == ["DELAYED", "INSTANT"]
        refused = await shop.capture(authorization["id"], "10.00", body={"payment_instruction": {"disbursement_mode": "NEVER"}})
        detail = refused.json()["details"][0]
        assert (refused.status_code, detail["field"]) == (400, "/payment_instruction/disbursement_mode")

    async def test_a_repeated_invoice_is_refused_where_the_merchant_wants_it(self, shop: Shop, merchants: MerchantsClient) -> None:
        await merchants.change(STORE, MerchantChange(block_repeated_invoices=True))
        await shop.pay(unit(invoice_id="INV"))
        authorization = await shop.authorized()
        assert issue_of(await shop.capture(authorization["id"], body={"invoice_id": "INV"})) == (422, "DUPLICATE_INVOICE_ID")
        assert (await shop.capture(authorization["id"], "1.00", body={"invoice_id": "NEW"})).status_code == 201
        assert (await shop.capture(authorization["id"], "1.00", body={"invoice_id": "NEW"})).status_code == 201


class TestBadAmounts:
    @pytest.mark.parametrize(
        ("amount", "refusal"),
        [
            (money("10.00", "EUR"), (422, "AUTH_CAPTURE_CURRENCY_MISMATCH")),
            (money("10.00", "XXX"), (422, "INVALID_CURRENCY_CODE")),
            (money("10.001"), (422, "DECIMAL_PRECISION")),
            (money("10.5", "JPY"), (422, "DECIMALS_NOT_SUPPORTED")),
            (money("0.00"), (422, "CANNOT_BE_ZERO_OR_NEGATIVE")),
            (money("-1.00"), (422, "CANNOT_BE_ZERO_OR_NEGATIVE")),
            (money("ten"), (400, "INVALID_PARAMETER_SYNTAX")),
            (money("99999999999999999"), (400, "INVALID_PARAMETER_VALUE")),
            (money("1" * 33), (400, "INVALID_STRING_LENGTH")),
            (money("1.00", "US"), (400, "INVALID_STRING_LENGTH")),
            ({"value": "1.00"}, (400, "MISSING_REQUIRED_PARAMETER")),
            ({"currency_code": "USD", "value": True}, (400, "INVALID_PARAMETER_SYNTAX")),
            ("1.00", (400, "INVALID_PARAMETER_SYNTAX")),
        ],
    )
    async def test_are_refused_and_change_nothing(self, shop: Shop, amount: Any, refusal: tuple[int, str]) -> None:
        authorization = await shop.authorized()
        assert issue_of(await shop.post(f"/authorizations/{authorization['id']}/capture", {"amount": amount})) == refusal
        assert await status(shop, authorization) == "CREATED"

    async def test_other_members(self, shop: Shop) -> None:
        authorization = await shop.authorized()
        for body in ({"invoice_id": "x" * 128}, {"note_to_payer": ""}, {"soft_descriptor": "x" * 23}):
            assert issue_of(await shop.capture(authorization["id"], body=body)) == (400, "INVALID_STRING_LENGTH")
        assert (await shop.capture(authorization["id"], body={"unknown": {"deep": [1]}})).status_code == 201


class TestVoid:
    async def test_gives_the_money_back(self, shop: Shop) -> None:
        authorization = await shop.authorized()
        response = await shop.void(authorization["id"])
        assert (response.status_code, response.json()["status"]) == (200, "VOIDED")
        assert [link["rel"] for link in response.json()["links"]] == ["self", "up"]
        assert await shop.held() == 0
        assert [event["resource"] for event in await shop.told("PAYMENT.AUTHORIZATION.VOIDED")] == [response.json()]
        assert await shop.problems() == []

    async def test_minimal_says_nothing(self, shop: Shop) -> None:
        authorization = await shop.authorized()
        response = await shop.void(authorization["id"], representation=False)
        assert (response.status_code, response.content) == (204, b"")

    async def test_twice_is_refused_unless_it_is_the_same_request(self, shop: Shop) -> None:
        authorization = await shop.authorized()
        assert (await shop.void(authorization["id"], request_id="R")).status_code == 200
        assert (await shop.void(authorization["id"], request_id="R", representation=False)).status_code == 204
        assert issue_of(await shop.void(authorization["id"])) == (422, "PREVIOUSLY_VOIDED")
        assert issue_of(await shop.capture(authorization["id"])) == (422, "AUTHORIZATION_VOIDED")

    async def test_after_capture_it_is_too_late(self, shop: Shop) -> None:
        authorization = await shop.authorized()
        await shop.capture(authorization["id"])
        assert issue_of(await shop.void(authorization["id"])) == (422, "PREVIOUSLY_CAPTURED")

    async def test_what_is_not_captured_yet_is_freed(self, shop: Shop) -> None:
        authorization = await shop.authorized(100_00)
        await shop.capture(authorization["id"], "40.00")
        assert (await shop.void(authorization["id"])).json()["status"] == "VOIDED"
        assert (await shop.balance(BUYER), await shop.held()) == (RICH - 40_00, 0)
        assert await shop.problems() == []

    async def test_captures_racing_a_void(self, shop: Shop) -> None:
        replica = shop.replica()
        authorization = await shop.authorized(100_00)
        captures = [(shop, replica)[n % 2].capture(authorization["id"], "10.00") for n in range(6)]
        answers = await asyncio.gather(*captures[:3], shop.void(authorization["id"]), *captures[3:])
        void = answers.pop(3)
        assert void.status_code == 200
        done = [answer for answer in answers if answer.status_code == 201]
        assert {issue_of(answer) for answer in answers if answer not in done} <= {(422, "AUTHORIZATION_VOIDED")}
        assert (await shop.balance(BUYER), await shop.held()) == (RICH - 10_00 * len(done), 0)
        assert await shop.problems() == []


class TestReauthorize:
    async def test_from_the_end_of_the_honor_period(self, shop: Shop) -> None:
        authorization = await shop.authorized(100_00)
        for _ in range(2):
            assert issue_of(await shop.reauthorize(authorization["id"])) == (422, "REAUTHORIZATION_TOO_SOON")
            shop.advance(days=2)
        response = await shop.reauthorize(authorization["id"], "110.00")
        made = response.json()
        assert (response.status_code, made["status"], made["amount"]["value"]) == (201, "CREATED", "110.00")
        assert made["id"] != authorization["id"]
        assert made["expiration_time"] == authorization["expiration_time"]
        assert [link["rel"] for link in made["links"]] == ["self", "capture", "up"]
        assert await shop.held() == 110_00
        assert (await shop.get(f"/authorizations/{made['id']}")).json() == made
        assert (await shop.get(f"/authorizations/{authorization['id']}")).json()["amount"]["value"] == "100.00"
        assert issue_of(await shop.reauthorize(authorization["id"])) == (422, "REAUTHORIZATION_TOO_SOON")
        assert await shop.problems() == []

    async def test_it_is_neither_reauthorized_nor_voided_itself(self, shop: Shop) -> None:
        authorization = await shop.authorized()
        shop.advance(days=4)
        made = (await shop.reauthorize(authorization["id"])).json()
        shop.advance(days=4)
        assert issue_of(await shop.reauthorize(made["id"])) == (422, "REAUTHORIZATION_NOT_SUPPORTED")
        assert issue_of(await shop.void(made["id"])) == (422, "CANNOT_BE_VOIDED")
        assert (await shop.reauthorize(authorization["id"])).status_code == 201
        assert (await shop.void(authorization["id"])).status_code == 200
        assert issue_of(await shop.capture(made["id"])) == (422, "AUTHORIZATION_VOIDED")
        assert await shop.held() == 0
        assert await shop.problems() == []

    async def test_it_is_captured_like_the_authorization(self, shop: Shop) -> None:
        authorization = await shop.authorized(100_00)
        shop.advance(days=4)
        made = (await shop.reauthorize(authorization["id"], "110.00")).json()
        capture = (await shop.capture(made["id"])).json()
        assert capture["amount"]["value"] == "110.00"
        assert capture["supplementary_data"]["related_ids"]["authorization_id"] == made["id"]
        assert await status(shop, authorization) == "CAPTURED"
        assert issue_of(await shop.capture(authorization["id"])) == (422, "AUTHORIZATION_ALREADY_CAPTURED")
        assert issue_of(await shop.reauthorize(authorization["id"])) == (422, "AUTHORIZATION_ALREADY_CAPTURED")
        assert await shop.problems() == []

    async def test_what_cannot_be(self, shop: Shop) -> None:
        authorization = await shop.authorized(100_00)
        shop.advance(days=4)
        assert issue_of(await shop.reauthorize(authorization["id"], "115.01")) == (422, "TRANSACTION_REFUSED")
        wrong = await shop.post(f"/authorizations/{authorization['id']}/reauthorize", {"amount": money("1.00", "EUR")})
        assert issue_of(wrong) == (422, "AUTH_CURRENCY_MISMATCH")
        await shop.void(authorization["id"])
        assert issue_of(await shop.reauthorize(authorization["id"])) == (422, "AUTHORIZATION_VOIDED")
        card = await shop.authorized(source=CARD)
        shop.advance(days=4)
        assert issue_of(await shop.reauthorize(card["id"])) == (422, "REAUTHORIZATION_NOT_SUPPORTED")

    async def test_the_payer_must_have_the_money(self, shop: Shop) -> None:
        await shop.fund(POOR, 100_00)
        authorization = await shop.authorized(100_00, payer=Payer(account_id=POOR))
        shop.advance(days=4)
        assert issue_of(await shop.reauthorize(authorization["id"], "110.00")) == (422, "PAYER_CANNOT_PAY")
        assert await shop.held(POOR) == 100_00
        assert (await shop.reauthorize(authorization["id"], "90.00")).status_code == 201
        assert await shop.held(POOR) == 90_00
        assert await shop.problems() == []

    async def test_the_same_request_is_one(self, shop: Shop) -> None:
        authorization = await shop.authorized()
        shop.advance(days=4)
        answers = await asyncio.gather(*(shop.reauthorize(authorization["id"], request_id="R") for _ in range(20)))
        assert len({answer.json()["id"] for answer in answers}) == 1
        assert await shop.problems() == []


class TestExpiry:
    async def test_after_29_days_the_money_is_the_payers_again(self, shop: Shop) -> None:
        authorization = await shop.authorized(order_id="ORDER")
        shop.advance(days=28, hours=23)
        assert await shop.drain() == 1
        assert await status(shop, authorization) == "CREATED"
        shop.advance(hours=1)
        assert issue_of(await shop.capture(authorization["id"])) == (422, "AUTHORIZATION_EXPIRED")
        await shop.drain()
        assert (await status(shop, authorization), await shop.held()) == ("VOIDED", 0)
        assert issue_of(await shop.capture(authorization["id"])) == (422, "AUTHORIZATION_EXPIRED")
        assert issue_of(await shop.void(authorization["id"])) == (422, "PREVIOUSLY_VOIDED")
        assert issue_of(await shop.reauthorize(authorization["id"])) == (422, "AUTHORIZATION_VOIDED")
        assert len(await shop.told("PAYMENT.AUTHORIZATION.VOIDED")) == 1
        assert await shop.problems() == []

    async def test_a_reauthorization_lives_no_longer(self, shop: Shop) -> None:
        authorization = await shop.authorized()
        shop.advance(days=28)
        made = (await shop.reauthorize(authorization["id"])).json()
        shop.advance(days=1)
        await shop.drain()
        assert issue_of(await shop.capture(made["id"])) == (422, "AUTHORIZATION_EXPIRED")
        assert await shop.held() == 0

    async def test_the_service_says_when_it_is_due(self, shop: Shop) -> None:
        assert await shop.service.worker.next_due() is None
        authorization = await shop.authorized()
        due = await shop.service.worker.next_due()
        assert due is not None
        assert due.strftime("%Y-%m-%dT%H:%M:%SZ") == authorization["expiration_time"]

    async def test_a_partly_captured_one_expires_too(self, shop: Shop) -> None:
        authorization = await shop.authorized(100_00)
        await shop.capture(authorization["id"], "40.00")
        card = await shop.authorized(source=CARD)
        await shop.drain()
        shop.advance(days=29)
        expiry = next(job for job in shop.service.service.jobs if job.name == "expiry")
        assert [await expiry.run(), await expiry.run()] == [2, 0]
        assert (await status(shop, authorization), await status(shop, card), await shop.held()) == ("VOIDED", "VOIDED", 0)
        assert (await shop.processor.outcome(f"{card['id']}.void")).approved
        assert await shop.problems() == []


class TestCards:
    async def test_captures_come_in_through_clearing(self, shop: Shop) -> None:
        authorization = await shop.authorized(100_00, source=CARD)
        assert (await shop.capture(authorization["id"], "40.00")).json()["processor_response"]["response_code"] == "0000"
        assert (await shop.capture(authorization["id"])).json()["amount"]["value"] == "60.00"
        assert await shop.balance("processor", kind="clearing") == -100_00
        assert await shop.problems() == []

    async def test_a_declined_capture_is_stored_and_leaves_the_authorization(self, shop: Shop) -> None:
        authorization = await shop.authorized(100_00, source=CARD)
        await shop.processor.void(authorization["id"], key="by the bank")
        response = await shop.capture(authorization["id"], request_id="R")
        assert (response.status_code, response.json()["status"]) == (201, "DECLINED")
        assert response.json()["processor_response"]["response_code"] == "0R00"
        assert await status(shop, authorization) == "CREATED"
        again = await shop.capture(authorization["id"], request_id="R")
        assert (again.status_code, again.json()) == (200, response.json())
        assert len(await shop.told("PAYMENT.CAPTURE.DECLINED")) == 1
        assert await shop.problems() == []

    async def test_a_denied_one_is_neither_captured_nor_voided(self, shop: Shop) -> None:
        denied = await shop.authorized(source=CARD.model_copy(update={"scenario": "CCREJECT-IF"}))
        assert issue_of(await shop.capture(denied["id"])) == (422, "AUTHORIZATION_DENIED")
        assert issue_of(await shop.void(denied["id"])) == (422, "CANNOT_BE_VOIDED")


class TestRaces:
    async def test_captures_never_exceed_the_limit(self, shop: Shop) -> None:
        replica = shop.replica()
        authorization = await shop.authorized(100_00)
        answers = await asyncio.gather(*((shop, replica)[n % 2].capture(authorization["id"], "30.00") for n in range(20)))
        done = [answer for answer in answers if answer.status_code == 201]
        assert len(done) == 3
        refused = {issue_of(answer) for answer in answers if answer not in done}
        assert refused == {(422, "MAX_CAPTURE_AMOUNT_EXCEEDED")}
        assert (await shop.balance(BUYER), await shop.held()) == (RICH - 90_00, 10_00)
        assert await shop.problems() == []

    async def test_fifty_equal_captures_are_one(self, shop: Shop) -> None:
        replica = shop.replica()
        authorization = await shop.authorized(100_00)
        asking = ((shop, replica)[n % 2].capture(authorization["id"], "10.00", request_id="R") for n in range(50))
        answers = await asyncio.gather(*asking)
        assert {answer.status_code for answer in answers} <= {200, 201}
        assert len({answer.json()["id"] for answer in answers}) == 1
        assert await shop.held() == 90_00
        assert await shop.problems() == []
