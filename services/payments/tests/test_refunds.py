from __future__ import annotations

import asyncio
from typing import Any

import pytest

from farthing.clients.merchants.client import MerchantsClient
from farthing.clients.merchants.models import MerchantChange
from services.payments.tests.conftest import (
    AS_OTHER,
    BUYER,
    CARD,
    OTHER,
    OTHER_APP,
    RICH,
    STORE,
    BeginningsFail,
    Gate,
    Shop,
    assertion,
    issue_of,
    money,
    platform_fee,
    unit,
)


async def status(shop: Shop, capture: dict[str, Any]) -> str:
    found: str = (await shop.get(f"/captures/{capture['id']}")).json()["status"]
    return found


async def with_platform_fee(shop: Shop) -> dict[str, Any]:
    """A capture of 100.00 that the other merchant's app made for the store, and of which 5.00 went to the other merchant."""
    paid = await shop.pay(unit(100_00, platform_fees=platform_fee(5_00)), client_id=OTHER_APP)
    return (paid.units["default"].captures or ())[0]


def contributing(amount: str) -> dict[str, Any]:
    return {"payment_instruction": {"platform_fees": [{"amount": money(amount)}]}}


class TestRefund:
    async def test_without_a_body_gives_all_back_but_not_the_fee(self, shop: Shop) -> None:
        capture = await shop.captured(100_00)
        response = await shop.post(f"/captures/{capture['id']}/refund")
        refund = response.json()
        assert (response.status_code, refund["status"]) == (201, "COMPLETED")
        assert refund["seller_payable_breakdown"] == {
            "gross_amount": money("100.00"),
            "paypal_fee": money("0.00"),
            "net_amount": money("100.00"),
            "total_refunded_amount": money("100.00"),
        }
        assert [link["rel"] for link in refund["links"]] == ["self", "up"]
        assert refund["payer"] == {"email_address": "store@example.com", "merchant_id": STORE}
        assert await status(shop, capture) == "REFUNDED"
        assert (await shop.balance(BUYER), await shop.balance(STORE)) == (RICH, -3_98)
        assert (await shop.get(f"/refunds/{refund['id']}")).json() == refund
        assert await shop.problems() == []

    async def test_an_amount_of_null_is_none_that_was_left_out(self, shop: Shop) -> None:
        capture, authorization = await shop.captured(100_00), await shop.authorized(100_00)
        path = f"/authorizations/{authorization['id']}"
        before = await shop.balance(STORE)
        for refused in (
            await shop.refund(capture["id"], body={"amount": None}),
            await shop.capture(authorization["id"], body={"amount": None}),
            await shop.post(f"{path}/reauthorize", {"amount": None}),
        ):
            assert issue_of(refused) == (400, "INVALID_PARAMETER_SYNTAX")
            assert [detail["field"] for detail in refused.json()["details"]] == ["/amount"]
        assert (await status(shop, capture), (await shop.get(path)).json()["status"]) == ("COMPLETED", "CREATED")
        assert await shop.balance(STORE) == before

    async def test_parts_add_up(self, shop: Shop) -> None:
        capture = await shop.captured(100_00)
        first = (await shop.refund(capture["id"], "30.00")).json()
        assert await status(shop, capture) == "PARTIALLY_REFUNDED"
        assert [link["rel"] for link in (await shop.get(f"/captures/{capture['id']}")).json()["links"]] == ["self", "refund", "up"]
        assert issue_of(await shop.refund(capture["id"], "70.01")) == (422, "REFUND_AMOUNT_EXCEEDED")
        second = (await shop.refund(capture["id"])).json()
        assert [r["seller_payable_breakdown"]["total_refunded_amount"]["value"] for r in (first, second)] == ["30.00", "100.00"]
        assert second["amount"]["value"] == "70.00"
        assert issue_of(await shop.refund(capture["id"])) == (422, "CAPTURE_FULLY_REFUNDED")
        assert await shop.problems() == []

    async def test_an_amount_may_be_a_number(self, shop: Shop) -> None:
        capture, authorization = await shop.captured(100_00), await shop.authorized(100_00)
        for number, shown in ((4, "4.00"), (0.5, "0.50")):
            amount = {"amount": {"currency_code": "USD", "value": number}}
            for answer in (await shop.refund(capture["id"], body=amount), await shop.capture(authorization["id"], body=amount)):
                assert (answer.status_code, answer.json()["amount"]["value"]) == (201, shown), answer.text
        for wrong, issue in ((0.1 + 0.2, (422, "DECIMAL_PRECISION")), (1e30, (400, "INVALID_PARAMETER_SYNTAX"))):
            amount = {"amount": {"currency_code": "USD", "value": wrong}}
            assert issue_of(await shop.refund(capture["id"], body=amount)) == issue
        assert issue_of(await shop.refund(capture["id"], body={"amount": {"currency_code": "USD", "value": True}}))[0] == 400

    async def test_is_told_with_the_refund(self, shop: Shop) -> None:
        capture = await shop.captured()
        words = {"invoice_id": "INV", "custom_id": "C", "note_to_payer": "sorry"}
        refund = (await shop.refund(capture["id"], body=words)).json()
        assert {name: refund[name] for name in words} == words
        (event,) = await shop.told("PAYMENT.CAPTURE.REFUNDED")
        assert (event["resource_type"], event["resource"]) == ("refund", refund)

    @pytest.mark.parametrize(
        ("amount", "refusal"),
        [
            (money("10.00", "EUR"), (422, "REFUND_CAPTURE_CURRENCY_MISMATCH")),
            (money("100.01"), (422, "REFUND_AMOUNT_EXCEEDED")),
            (money("0.00"), (422, "CANNOT_BE_ZERO_OR_NEGATIVE")),
            (money("1.001"), (422, "DECIMAL_PRECISION")),
            (money("1.00", "ZZZ"), (422, "INVALID_CURRENCY_CODE")),
            (money("x"), (400, "INVALID_PARAMETER_SYNTAX")),
        ],
    )
    async def test_bad_amounts_change_nothing(self, shop: Shop, amount: Any, refusal: tuple[int, str]) -> None:
        capture = await shop.captured()
        assert issue_of(await shop.post(f"/captures/{capture['id']}/refund", {"amount": amount})) == refusal
        assert await status(shop, capture) == "COMPLETED"

    async def test_an_amount_may_begin_with_its_point(self, shop: Shop) -> None:
        capture = await shop.captured()
        assert (await shop.refund(capture["id"], ".50")).json()["amount"] == money("0.50")

    async def test_for_180_days(self, shop: Shop) -> None:
        capture = await shop.captured()
        shop.advance(days=180, minutes=-1)
        assert (await shop.refund(capture["id"], "1.00")).status_code == 201
        shop.advance(minutes=2)
        assert issue_of(await shop.refund(capture["id"], "1.00")) == (422, "REFUND_TIME_LIMIT_EXCEEDED")

    async def test_a_capture_of_an_authorization_too(self, shop: Shop) -> None:
        authorization = await shop.authorized(100_00)
        capture = (await shop.capture(authorization["id"], "40.00")).json()
        assert (await shop.refund(capture["id"])).status_code == 201
        assert (await shop.balance(BUYER), await shop.held()) == (RICH, 60_00)
        assert await shop.problems() == []


class TestMerchantsBalance:
    async def test_goes_below_zero_to_the_limit_of_the_rate_card(self, shop: Shop, merchants: MerchantsClient) -> None:
        rates = (await merchants.get(STORE)).rate_card.model_copy(update={"refund_overdraft": {"USD": 10_00}})
        await merchants.change(STORE, MerchantChange(rate_card=rates))
        capture = await shop.captured(100_00)
        await shop.withdraw(STORE, 90_00)
        assert await shop.balance(STORE) == 6_02
        assert issue_of(await shop.refund(capture["id"], "16.03")) == (422, "REFUND_FAILED_INSUFFICIENT_FUNDS")
        assert (await shop.balance(STORE), await status(shop, capture)) == (6_02, "COMPLETED")
        assert (await shop.refund(capture["id"], "16.02")).status_code == 201
        assert await shop.balance(STORE) == -10_00
        assert await shop.problems() == []


class TestCards:
    async def test_goes_back_to_the_card(self, shop: Shop) -> None:
        capture = await shop.captured(100_00, source=CARD)
        refund = (await shop.refund(capture["id"], "40.00")).json()
        assert len(refund["acquirer_reference_number"]) == 23
        assert (await shop.balance("processor", kind="clearing"), await shop.balance(BUYER)) == (-60_00, RICH)
        assert (await shop.processor.outcome(refund["id"])).kind == "refund"
        assert await shop.problems() == []

    async def test_one_that_the_bank_refuses_has_failed(self, shop: Shop) -> None:
        capture = await shop.captured(100_00, source=CARD)
        await shop.processor.refund(capture["id"], 100_00, "USD", key="by the bank")
        before = await shop.balance(STORE)
        response = await shop.refund(capture["id"], "40.00", request_id="R")
        assert (response.status_code, response.json()["status"]) == (201, "FAILED")
        assert response.json()["seller_payable_breakdown"]["total_refunded_amount"]["value"] == "0.00"
        assert (await shop.balance(STORE), await status(shop, capture)) == (before, "COMPLETED")
        assert len(await shop.told("PAYMENT.REFUND.FAILED")) == 1
        assert (await shop.refund(capture["id"], "40.00", request_id="R")).status_code == 200
        assert await shop.problems() == []

    async def test_what_was_declined_is_not_refunded(self, shop: Shop) -> None:
        declined = await shop.captured(source=CARD.model_copy(update={"scenario": "CCREJECT-IF"}))
        assert issue_of(await shop.refund(declined["id"])) == (422, "REFUND_NOT_ALLOWED")


class TestPlatformFees:
    @pytest.fixture(autouse=True)
    async def _platform(self, merchants: MerchantsClient) -> None:
        """The store lets the other merchant act for it."""
        await merchants.give_consent(OTHER, STORE)

    async def test_its_receiver_adds_to_the_refund(self, shop: Shop) -> None:
        capture = await with_platform_fee(shop)
        refund = (await shop.refund(capture["id"], "50.00", body=contributing("2.00"), **AS_OTHER)).json()
        breakdown = refund["seller_payable_breakdown"]
        assert (breakdown["platform_fees"], breakdown["net_amount"]) == ([{"amount": money("2.00")}], money("48.00"))
        assert (await shop.balance(OTHER), await shop.balance(STORE)) == (3_00, 91_02 - 48_00)

    async def test_not_more_than_what_is_left_of_the_fee(self, shop: Shop) -> None:
        capture = await with_platform_fee(shop)
        body = contributing("3.00")
        assert (await shop.refund(capture["id"], "50.00", body=body, **AS_OTHER)).status_code == 201
        assert issue_of(await shop.refund(capture["id"], "50.00", body=body, **AS_OTHER)) == (422, "PLATFORM_FEE_EXCEEDED")
        without = await shop.captured(client_id=OTHER_APP)
        assert issue_of(await shop.refund(without["id"], body=body, **AS_OTHER)) == (422, "PLATFORM_FEE_EXCEEDED")

    async def test_acting_for_the_payee_it_adds_its_own(self, shop: Shop) -> None:
        capture = await with_platform_fee(shop)
        asserted = assertion(iss=OTHER_APP, payer_id=STORE)
        answer = await shop.refund(capture["id"], "50.00", body=contributing("2.00"), paypal_auth_assertion=asserted, **AS_OTHER)
        assert answer.status_code == 201
        assert (await shop.balance(OTHER), await shop.balance(STORE)) == (3_00, 91_02 - 48_00)

    async def test_the_payee_does_not_take_it_without_the_receivers_consent(self, shop: Shop, merchants: MerchantsClient) -> None:
        capture = await with_platform_fee(shop)
        refused = await shop.refund(capture["id"], "5.00", body=contributing("5.00"))
        assert issue_of(refused) == (422, "PLATFORM_FEE_NOT_ENABLED")
        assert (await shop.balance(OTHER), await shop.balance(STORE), await status(shop, capture)) == (5_00, 91_02, "COMPLETED")
        await merchants.give_consent(STORE, OTHER)
        assert (await shop.refund(capture["id"], "5.00", body=contributing("5.00"))).status_code == 201
        assert (await shop.balance(OTHER), await shop.balance(STORE)) == (0, 91_02)


class TestInvoices:
    async def test_a_refunds_own_invoice_is_taken_once_where_the_merchant_wants_it(self, shop: Shop, merchants: MerchantsClient) -> None:
        await merchants.change(STORE, MerchantChange(block_repeated_invoices=True))
        capture = await shop.captured()
        assert (await shop.refund(capture["id"], "1.00", body={"invoice_id": "R-1"})).status_code == 201
        assert issue_of(await shop.refund(capture["id"], "1.00", body={"invoice_id": "R-1"})) == (422, "DUPLICATE_INVOICE_ID")
        assert (await shop.refund(capture["id"], "1.00")).status_code == 201

    async def test_the_request_that_could_not_begin_is_made_when_it_is_repeated(
        self, shop: Shop, merchants: MerchantsClient, beginnings_fail: BeginningsFail
    ) -> None:
        await merchants.change(STORE, MerchantChange(block_repeated_invoices=True))
        capture = await shop.captured()
        async with beginnings_fail():
            assert (await shop.refund(capture["id"], "1.00", body={"invoice_id": "R-1"}, request_id="R")).status_code == 500
        assert (await shop.refund(capture["id"], "1.00", body={"invoice_id": "R-1"}, request_id="R")).status_code == 201
        assert await shop.problems() == []

    async def test_the_same_request_twice_at_once_is_one_refund(self, shop: Shop, merchants: MerchantsClient) -> None:
        await merchants.change(STORE, MerchantChange(block_repeated_invoices=True))
        capture = await shop.captured()
        gate = Gate(f"before /merchants/{STORE}")
        asked = {"body": {"invoice_id": "R-1"}, "request_id": "R"}
        slow = asyncio.create_task(shop.replica(gate).refund(capture["id"], "1.00", **asked))
        await gate.reached.wait()
        first = await shop.refund(capture["id"], "1.00", **asked)
        gate.opened.set()
        assert ((await slow).status_code, (await slow).json()["id"]) == (200, first.json()["id"])
        assert await shop.problems() == []

    async def test_one_that_failed_has_used_none(self, shop: Shop, merchants: MerchantsClient) -> None:
        await merchants.change(STORE, MerchantChange(block_repeated_invoices=True))
        captures = [await shop.captured(source=CARD), await shop.captured(source=CARD)]
        await shop.processor.refund(captures[0]["id"], 100_00, "USD", key="by the bank")
        answers = [(await shop.refund(capture["id"], "1.00", body={"invoice_id": "R-1"})).json() for capture in captures]
        assert [answer["status"] for answer in answers] == ["FAILED", "COMPLETED"]


class TestRaces:
    async def test_fifty_equal_requests_are_one_refund(self, shop: Shop) -> None:
        replica = shop.replica()
        capture = await shop.captured(100_00)
        answers = await asyncio.gather(*((shop, replica)[n % 2].refund(capture["id"], "1.00", request_id="R") for n in range(50)))
        assert {answer.status_code for answer in answers} <= {200, 201}
        assert len({answer.json()["id"] for answer in answers}) == 1
        assert await shop.balance(BUYER) == RICH - 99_00
        assert len(await shop.told("PAYMENT.CAPTURE.REFUNDED")) == 1
        assert await shop.problems() == []

    async def test_fifty_requests_never_give_back_more_than_was_paid(self, shop: Shop) -> None:
        replica = shop.replica()
        capture = await shop.captured(100_00)
        answers = await asyncio.gather(*((shop, replica)[n % 2].refund(capture["id"], "3.00") for n in range(50)))
        done = [answer for answer in answers if answer.status_code == 201]
        assert len(done) == 33
        assert {issue_of(answer) for answer in answers if answer not in done} == {(422, "REFUND_AMOUNT_EXCEEDED")}
        assert await shop.balance(BUYER) == RICH - 1_00
        assert await shop.problems() == []

    async def test_what_the_merchant_cannot_pay_leaves_no_trace(self, shop: Shop, merchants: MerchantsClient) -> None:
        rates = (await merchants.get(STORE)).rate_card.model_copy(update={"refund_overdraft": {"USD": 0}})
        await merchants.change(STORE, MerchantChange(rate_card=rates))
        capture = await shop.captured(100_00)
        answers = await asyncio.gather(*(shop.refund(capture["id"], request_id="R") for _ in range(10)))
        assert {issue_of(answer) for answer in answers} == {(422, "REFUND_FAILED_INSUFFICIENT_FUNDS")}
        assert await shop.single.database.fetch("SELECT id FROM intents WHERE kind = 'refund'") == []
        await shop.fund(STORE, 10_00)
        assert (await shop.refund(capture["id"], request_id="R")).status_code == 201
        assert await shop.problems() == []
