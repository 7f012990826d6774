from __future__ import annotations

import asyncio

import pytest

from farthing.clients.merchants.client import MerchantsClient
from farthing.clients.merchants.models import MerchantChange
from farthing.clients.payments.errors import (
    DuplicateInvoiceId,
    InstrumentDeclined,
    InvalidPlatformFees,
    PayeeAccountInvalid,
    PayerCannotPay,
    PaymentKeyReused,
)
from farthing.clients.payments.models import Payer
from farthing.kit.errors import OutcomeUnknown
from services.payments.tests.conftest import APP, BUYER, CARD, OTHER, POOR, RICH, STORE, BeginningsFail, Shop, platform_fee, unit


class TestWalletCapture:
    async def test_moves_the_money_less_the_fee(self, shop: Shop) -> None:
        paid = await shop.pay(unit(100_00))
        assert paid.status == "COMPLETED"
        assert await shop.balance(BUYER) == RICH - 100_00
        assert await shop.balance(STORE) == 100_00 - 3_49 - 49
        assert await shop.balance("platform", kind="fees") == 3_98
        assert await shop.problems() == []

    async def test_answers_the_capture_as_the_public_api_shows_it(self, shop: Shop) -> None:
        shop.single.clock.freeze()
        paid = await shop.pay(unit(100_00, invoice_id="INV-1", custom_id="C-1"), order_id="ORDER")
        (capture,) = paid.units["default"].captures or ()
        now = shop.single.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        url = "http://127.0.0.1:8080/v2"
        assert capture == {
            "id": capture["id"],
            "status": "COMPLETED",
            "amount": {"currency_code": "USD", "value": "100.00"},
            "final_capture": True,
            "disbursement_mode": "INSTANT",
            "seller_protection": {"status": "ELIGIBLE", "dispute_categories": ["ITEM_NOT_RECEIVED", "UNAUTHORIZED_TRANSACTION"]},
            "seller_receivable_breakdown": {
                "gross_amount": {"currency_code": "USD", "value": "100.00"},
                "paypal_fee": {"currency_code": "USD", "value": "3.98"},
                "net_amount": {"currency_code": "USD", "value": "96.02"},
            },
            "invoice_id": "INV-1",
            "custom_id": "C-1",
            "links": [
                {"href": f"{url}/payments/captures/{capture['id']}", "rel": "self", "method": "GET"},
                {"href": f"{url}/payments/captures/{capture['id']}/refund", "rel": "refund", "method": "POST"},
                {"href": f"{url}/checkout/orders/ORDER", "rel": "up", "method": "GET"},
            ],
            "create_time": now,
            "update_time": now,
            "supplementary_data": {"related_ids": {"order_id": "ORDER"}},
            "payee": {"email_address": "store@example.com", "merchant_id": STORE},
        }
        assert (await shop.get(f"/captures/{capture['id']}")).json() == capture

    async def test_tells_it(self, shop: Shop) -> None:
        capture = await shop.captured()
        (event,) = await shop.told()
        assert (shop.events[0].type, shop.events[0].subject) == ("PAYMENT.CAPTURE.COMPLETED", capture["id"])
        assert event == {
            "client_id": APP,
            "account_id": STORE,
            "resource_type": "capture",
            "resource_version": "2.0",
            "summary": "A payment of 100.00 USD was captured.",
            "resource": capture,
            "about": {"order": capture["supplementary_data"]["related_ids"]["order_id"], "buyer": BUYER},
        }

    async def test_its_transfer_has_its_id(self, shop: Shop) -> None:
        capture = await shop.captured(order_id="ORDER")
        (transfer,) = (await shop.ledger.transfers(kind="capture")).transfers
        assert (transfer.id, transfer.reference, len(transfer.legs)) == (capture["id"], "ORDER", 2)

    async def test_without_money_nothing_is_stored(self, shop: Shop) -> None:
        before = await shop.ledger.audit()
        with pytest.raises(InstrumentDeclined):
            await shop.pay(payer=Payer(account_id=POOR), order_id="ORDER", key="K")
        assert (await shop.client.of_order("ORDER")).units == {}
        assert await shop.told() == []
        assert (await shop.ledger.audit()).transfers == before.transfers
        assert await shop.problems() == []

    async def test_the_key_of_a_refused_payment_can_be_used_again(self, shop: Shop) -> None:
        with pytest.raises(InstrumentDeclined):
            await shop.pay(payer=Payer(account_id=POOR), order_id="ORDER", key="K")
        await shop.fund(POOR, 100_00)
        paid = await shop.pay(payer=Payer(account_id=POOR), order_id="ORDER", key="K")
        assert paid.status == "COMPLETED"
        assert await shop.balance(POOR) == 0
        assert await shop.problems() == []

    async def test_nobody_pays_himself(self, shop: Shop) -> None:
        with pytest.raises(PayerCannotPay):
            await shop.pay(payer=Payer(account_id=STORE))
        with pytest.raises(PayerCannotPay):
            await shop.pay(payer=None)

    async def test_the_payee_is_a_merchant(self, shop: Shop) -> None:
        with pytest.raises(PayeeAccountInvalid):
            await shop.pay(unit(payee=POOR))

    async def test_a_tiny_payment_costs_no_more_than_itself(self, shop: Shop) -> None:
        capture = await shop.captured(10)
        assert capture["seller_receivable_breakdown"]["net_amount"]["value"] == "0.00"
        assert await shop.balance(STORE) == 0
        assert await shop.problems() == []

    async def test_currencies_without_decimals(self, shop: Shop) -> None:
        await shop.fund(BUYER, 5000, "JPY")
        paid = await shop.pay(unit(1000, currency="JPY"))
        (capture,) = paid.units["default"].captures or ()
        assert capture["amount"] == {"currency_code": "JPY", "value": "1000"}
        assert capture["seller_receivable_breakdown"]["paypal_fee"] == {"currency_code": "JPY", "value": "84"}
        assert await shop.problems() == []


class TestUnits:
    async def test_ten_are_paid_by_one_transfer(self, shop: Shop) -> None:
        paid = await shop.pay(*(unit(10_00 + n, f"u{n}", payee=(STORE, OTHER)[n % 2]) for n in range(10)))
        assert [len(paid.units[f"u{n}"].captures or ()) for n in range(10)] == [1] * 10
        (transfer,) = (await shop.ledger.transfers(kind="capture")).transfers
        assert [capture.transfer for capture in await shop.captures()] == [transfer.id] * 10
        assert len(await shop.told("PAYMENT.CAPTURE.COMPLETED")) == 10
        assert await shop.problems() == []

    async def test_all_or_none(self, shop: Shop) -> None:
        await shop.fund(POOR, 150_00)
        with pytest.raises(InstrumentDeclined):
            await shop.pay(unit(100_00, "a"), unit(100_00, "b", payee=OTHER), payer=Payer(account_id=POOR))
        assert (await shop.balance(POOR), await shop.balance(STORE), await shop.balance(OTHER)) == (150_00, 0, 0)
        assert await shop.captures() == ()

    async def test_a_platform_fee_goes_to_its_payee(self, shop: Shop) -> None:
        paid = await shop.pay(unit(100_00, platform_fees=platform_fee(5_00)))
        assert (await shop.balance(STORE), await shop.balance(OTHER)) == (91_02, 5_00)
        (capture,) = paid.units["default"].captures or ()
        breakdown = capture["seller_receivable_breakdown"]
        assert breakdown["platform_fees"] == [{"amount": {"currency_code": "USD", "value": "5.00"}, "payee": {"merchant_id": OTHER}}]
        assert breakdown["net_amount"]["value"] == "91.02"

    async def test_a_platform_fee_leaves_something(self, shop: Shop) -> None:
        with pytest.raises(InvalidPlatformFees):
            await shop.pay(unit(100_00, platform_fees=platform_fee(96_03)))
        await shop.pay(unit(100_00, platform_fees=platform_fee(96_02)))
        assert await shop.balance(STORE) == 0


class TestOnce:
    async def test_the_same_key_pays_once(self, shop: Shop) -> None:
        first = await shop.pay(order_id="ORDER", key="K")
        assert await shop.pay(order_id="ORDER", key="K") == first
        assert await shop.balance(BUYER) == RICH - 100_00

    async def test_a_replay_shows_the_present_state(self, shop: Shop) -> None:
        first = await shop.pay(order_id="ORDER", key="K")
        (capture,) = first.units["default"].captures or ()
        await shop.refund(capture["id"])
        (again,) = (await shop.pay(order_id="ORDER", key="K")).units["default"].captures or ()
        assert (again["id"], again["status"]) == (capture["id"], "REFUNDED")

    async def test_fifty_at_once_are_one_payment(self, shop: Shop) -> None:
        answers = await asyncio.gather(*(shop.pay(order_id="ORDER", key="K") for _ in range(50)))
        assert all(answer == answers[0] for answer in answers)
        assert await shop.balance(BUYER) == RICH - 100_00
        assert len(await shop.told()) == 1
        assert await shop.problems() == []

    async def test_fifty_at_once_on_three_replicas_are_one_payment(self, shop: Shop) -> None:
        replicas = [shop, shop.replica(), shop.replica()]
        answers = await asyncio.gather(*(replicas[n % 3].pay(order_id="ORDER", key="K") for n in range(50)))
        assert all(answer == answers[0] for answer in answers)
        assert await shop.balance(BUYER) == RICH - 100_00
        assert len(await shop.told()) == 1
        assert await shop.problems() == []

    async def test_fifty_at_once_without_money_are_none(self, shop: Shop) -> None:
        replicas = [shop, shop.replica()]
        payer = Payer(account_id=POOR)
        asking = [replicas[n % 2].pay(order_id="ORDER", key="K", payer=payer) for n in range(50)]
        answers = await asyncio.gather(*asking, return_exceptions=True)
        assert {type(answer) for answer in answers} == {InstrumentDeclined}
        assert await shop.problems() == []

    async def test_what_was_made_is_answered_although_it_would_be_refused_now(self, shop: Shop, merchants: MerchantsClient) -> None:
        all_that_is_left = unit(100_00, platform_fees=platform_fee(96_02))
        first = await shop.pay(all_that_is_left, order_id="ORDER", key="K")
        rates = (await merchants.get(STORE)).rate_card.model_copy(update={"fixed": {"USD": 50}})
        await merchants.change(STORE, MerchantChange(rate_card=rates))
        replica = shop.replica()  # it does not know the old rate card
        with pytest.raises(InvalidPlatformFees):
            await replica.pay(all_that_is_left)
        assert await replica.pay(all_that_is_left, order_id="ORDER", key="K") == first
        assert await shop.balance(BUYER) == RICH - 100_00

    async def test_another_payment_under_the_key_is_refused(self, shop: Shop) -> None:
        await shop.pay(order_id="ORDER", key="K")
        with pytest.raises(PaymentKeyReused):
            await shop.pay(order_id="OTHER", key="K")


class TestAuthorize:
    async def test_sets_the_money_apart(self, shop: Shop) -> None:
        authorization = await shop.authorized(100_00, order_id="ORDER")
        assert (await shop.balance(BUYER), await shop.held()) == (RICH, 100_00)
        assert authorization["status"] == "CREATED"
        assert [link["rel"] for link in authorization["links"]] == ["self", "capture", "void", "reauthorize", "up"]
        assert (await shop.get(f"/authorizations/{authorization['id']}")).json() == authorization
        assert [event["resource"] for event in await shop.told("PAYMENT.AUTHORIZATION.CREATED")] == [authorization]
        assert await shop.problems() == []

    async def test_without_money_nothing_is_stored(self, shop: Shop) -> None:
        with pytest.raises(InstrumentDeclined):
            await shop.authorized(payer=Payer(account_id=POOR), order_id="ORDER")
        assert (await shop.client.of_order("ORDER")).units == {}
        assert await shop.problems() == []

    async def test_units_are_held_all_or_none(self, shop: Shop) -> None:
        await shop.fund(POOR, 150_00)
        with pytest.raises(InstrumentDeclined):
            await shop.pay(unit(100_00, "a"), unit(100_00, "b"), intent="AUTHORIZE", payer=Payer(account_id=POOR))
        assert await shop.held(POOR) == 0
        await shop.pay(unit(100_00, "a"), unit(50_00, "b"), intent="AUTHORIZE", payer=Payer(account_id=POOR))
        assert await shop.held(POOR) == 150_00
        assert await shop.problems() == []


class TestCards:
    async def test_a_charge_comes_in_through_clearing(self, shop: Shop) -> None:
        capture = await shop.captured(100_00, source=CARD)
        assert await shop.balance("processor", kind="clearing") == -100_00
        assert await shop.balance(STORE) == 100_00 - 2_59 - 49
        assert capture["processor_response"] == {"avs_code": "Y", "cvv_code": "M", "response_code": "0000"}
        assert capture["seller_protection"] == {"status": "NOT_ELIGIBLE"}
        assert (await shop.processor.outcome(capture["id"])).approved
        assert await shop.problems() == []

    async def test_a_decline_is_stored_and_told(self, shop: Shop) -> None:
        card = CARD.model_copy(update={"scenario": "CCREJECT-IF"})
        paid = await shop.pay(source=card, order_id="ORDER", key="K")
        assert paid.status == "DECLINED"
        (capture,) = paid.units["default"].captures or ()
        assert (capture["status"], capture["processor_response"]["response_code"]) == ("DECLINED", "5120")
        assert "seller_receivable_breakdown" not in capture
        assert [link["rel"] for link in capture["links"]] == ["self", "up"]
        assert [event["resource"] for event in await shop.told("PAYMENT.CAPTURE.DECLINED")] == [capture]
        assert (await shop.pay(source=card, order_id="ORDER", key="K")) == paid
        assert await shop.problems() == []

    async def test_each_unit_is_charged(self, shop: Shop) -> None:
        paid = await shop.pay(unit(10_00, "a"), unit(20_00, "b", payee=OTHER), source=CARD)
        ids = [(paid.units[name].captures or ())[0]["id"] for name in ("a", "b")]
        assert sorted(transfer.id for transfer in (await shop.ledger.transfers(kind="capture")).transfers) == sorted(ids)
        assert await shop.problems() == []

    async def test_an_authorization_holds_no_wallet(self, shop: Shop) -> None:
        authorization = await shop.authorized(source=CARD)
        assert await shop.held() == 0
        assert (await shop.processor.outcome(authorization["id"])).kind == "authorize"
        assert await shop.problems() == []

    async def test_a_denied_authorization_is_stored(self, shop: Shop) -> None:
        paid = await shop.pay(source=CARD.model_copy(update={"scenario": "CCREJECT-SF"}), intent="AUTHORIZE")
        (authorization,) = paid.units["default"].authorizations or ()
        assert (paid.status, authorization["status"]) == ("DECLINED", "DENIED")
        assert authorization["processor_response"]["response_code"] == "9500"
        assert await shop.told() == []


class TestRepeatedInvoices:
    @pytest.fixture(autouse=True)
    async def _blocked(self, merchants: MerchantsClient) -> None:
        await merchants.change(STORE, MerchantChange(block_repeated_invoices=True))

    async def test_another_order_cannot_be_paid_with_it(self, shop: Shop) -> None:
        await shop.pay(unit(invoice_id="INV"))
        with pytest.raises(DuplicateInvoiceId):
            await shop.pay(unit(invoice_id="INV"))
        assert await shop.balance(BUYER) == RICH - 100_00
        assert await shop.problems() == []

    async def test_of_many_at_once_one_is_paid(self, shop: Shop) -> None:
        answers = await asyncio.gather(*(shop.pay(unit(invoice_id="INV")) for _ in range(20)), return_exceptions=True)
        assert sum(not isinstance(answer, DuplicateInvoiceId) for answer in answers) == 1
        assert await shop.balance(BUYER) == RICH - 100_00

    async def test_what_was_refused_blocks_nobody(self, shop: Shop) -> None:
        with pytest.raises(InstrumentDeclined):
            await shop.pay(unit(invoice_id="INV"), payer=Payer(account_id=POOR))
        declined = await shop.pay(unit(invoice_id="INV"), source=CARD.model_copy(update={"scenario": "CCREJECT-IF"}))
        assert declined.status == "DECLINED"
        assert (await shop.pay(unit(invoice_id="INV"))).status == "COMPLETED"

    async def test_what_was_not_even_begun_blocks_nobody(self, shop: Shop, beginnings_fail: BeginningsFail) -> None:
        async with beginnings_fail():
            with pytest.raises(OutcomeUnknown):
                await shop.pay(unit(invoice_id="INV"))
        assert (await shop.pay(unit(invoice_id="INV"))).status == "COMPLETED"

    async def test_other_merchants_do_not_care(self, shop: Shop) -> None:
        await shop.pay(unit(invoice_id="INV", payee=OTHER))
        assert (await shop.pay(unit(invoice_id="INV", payee=OTHER))).status == "COMPLETED"

    async def test_a_payment_is_a_replay_although_its_invoice_was_paid_again_before_repetitions_were_blocked(
        self, shop: Shop, merchants: MerchantsClient
    ) -> None:
        await merchants.change(STORE, MerchantChange(block_repeated_invoices=False))
        first = await shop.pay(unit(invoice_id="INV"), order_id="ORDER", key="K")
        await merchants.change(STORE, MerchantChange(block_repeated_invoices=True))
        replica = shop.replica()
        await replica.pay(unit(invoice_id="INV"))
        assert await replica.pay(unit(invoice_id="INV"), order_id="ORDER", key="K") == first

    async def test_a_repeated_payment_is_a_replay(self, shop: Shop) -> None:
        first = await shop.pay(unit(invoice_id="INV"), order_id="ORDER", key="K")
        assert await shop.pay(unit(invoice_id="INV"), order_id="ORDER", key="K") == first
