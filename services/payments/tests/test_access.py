"""Who may do what, and how often."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from farthing.clients.merchants.client import MerchantsClient
from farthing.kit.settings import Settings
from services.payments.tests.conftest import APP, AS_OTHER, OTHER, OTHER_APP, STORE, Shop, assertion, issue_of, money, shop_of, unit
from tests.single import StartSingle

PATHS = ["/authorizations/{}", "/captures/{}", "/refunds/{}"]
WRITES = [
    ("/authorizations/{}/capture", "authorizations"),
    ("/authorizations/{}/void", "authorizations"),
    ("/authorizations/{}/reauthorize", "authorizations"),
    ("/captures/{}/refund", "captures"),
]


async def everything(shop: Shop) -> dict[str, str]:
    """An authorization with a capture with a refund."""
    authorization = await shop.authorized(100_00)
    capture = (await shop.capture(authorization["id"], "10.00")).json()
    refund = (await shop.refund(capture["id"], "1.00")).json()
    return {"authorizations": authorization["id"], "captures": capture["id"], "refunds": refund["id"]}


class TestOwners:
    async def test_nobody_else_sees_anything(self, shop: Shop) -> None:
        ids = await everything(shop)
        for kind, id in ids.items():
            assert (await shop.get(f"/{kind}/{id}")).status_code == 200
            assert issue_of(await shop.get(f"/{kind}/{id}", **AS_OTHER)) == (404, "INVALID_RESOURCE_ID")
        for path, kind in WRITES:
            assert issue_of(await shop.post(path.format(ids[kind]), {}, **AS_OTHER)) == (404, "INVALID_RESOURCE_ID")
        assert await shop.problems() == []

    async def test_what_is_not_there(self, shop: Shop) -> None:
        for path in PATHS:
            assert issue_of(await shop.get(path.format("NOBODY"))) == (404, "INVALID_RESOURCE_ID")
        for path, _ in WRITES:
            assert issue_of(await shop.post(path.format("NOBODY"), {}, request_id="R")) == (404, "INVALID_RESOURCE_ID")

    async def test_the_app_that_caused_a_payment_and_the_one_who_was_paid_both_see_it(self, shop: Shop) -> None:
        paid = await shop.pay(unit(payee=OTHER), client_id=APP)
        (capture,) = paid.units["default"].captures or ()
        for who in ({}, AS_OTHER):
            assert (await shop.get(f"/captures/{capture['id']}", **who)).status_code == 200

    async def test_a_token_without_the_scope_may_not(self, shop: Shop) -> None:
        ids = await everything(shop)
        for headers in (shop.single.bearer(APP, STORE), shop.single.bearer(APP, STORE, "payments/refund")):
            answer = await shop.single.http.get(f"/v2/payments/captures/{ids['captures']}", headers=headers)
            assert issue_of(answer) == (403, "PERMISSION_DENIED")
        assert (await shop.single.http.get(f"/v2/payments/captures/{ids['captures']}")).status_code == 401


class TestAssertion:
    async def test_a_partner_acts_for_a_merchant_who_consented(self, shop: Shop, merchants: MerchantsClient) -> None:
        ids = await everything(shop)
        path = f"/captures/{ids['captures']}"
        by_id = {"paypal_auth_assertion": assertion(iss=OTHER_APP, payer_id=STORE)}
        assert issue_of(await shop.get(path, **AS_OTHER, **by_id)) == (403, "PERMISSION_DENIED")
        await merchants.give_consent(OTHER, STORE)
        assert (await shop.get(path, **AS_OTHER, **by_id)).status_code == 200
        by_email: dict[str, Any] = {"paypal_auth_assertion": assertion(iss=OTHER_APP, email="store@example.com")}
        assert (await shop.post(f"{path}/refund", {}, **AS_OTHER, **by_email)).status_code == 201

    async def test_it_sees_what_it_made_and_that_merchants_payments_only(self, shop: Shop, merchants: MerchantsClient) -> None:
        await merchants.give_consent(OTHER, STORE)
        asserted = {"paypal_auth_assertion": assertion(iss=OTHER_APP, payer_id=STORE)}
        for maker, expected in ((OTHER_APP, 200), ("third-client-id", 404)):
            paid = await shop.pay(unit(payee=OTHER), client_id=maker, order_id=maker.upper())
            (capture,) = paid.units["default"].captures or ()
            assert (await shop.get(f"/captures/{capture['id']}", **AS_OTHER)).status_code == 200
            assert (await shop.get(f"/captures/{capture['id']}", **AS_OTHER, **asserted)).status_code == expected

    async def test_acting_for_the_payee_it_takes_its_own_platform_fee(self, shop: Shop, merchants: MerchantsClient) -> None:
        await merchants.give_consent(OTHER, STORE)
        authorization = await shop.authorized(100_00, client_id=OTHER_APP)
        asserted = assertion(iss=OTHER_APP, payer_id=STORE)
        body = {"payment_instruction": {"platform_fees": [{"amount": money("5.00")}]}}
        answer = await shop.capture(authorization["id"], body=body, paypal_auth_assertion=asserted, **AS_OTHER)
        assert answer.status_code == 201
        assert (await shop.balance(OTHER), await shop.balance(STORE)) == (5_00, 91_02)

    @pytest.mark.parametrize(
        "header",
        [
            assertion(iss="somebody-else", payer_id=STORE),
            assertion(iss=APP, payer_id="NOBODY2345678"),
            assertion(iss=APP, payer_id="../x"),
            assertion(iss=APP, email="nobody@example.com"),
        ],
    )
    async def test_for_nobody_there_is_no_permission(self, shop: Shop, header: str) -> None:
        capture = await shop.captured()
        assert issue_of(await shop.get(f"/captures/{capture['id']}", paypal_auth_assertion=header)) == (403, "PERMISSION_DENIED")

    @pytest.mark.parametrize(
        "header",
        [
            "nonsense",
            "a.%%%.c",
            "a.bm90IGpzb24.c",
            assertion(iss=APP),
            assertion(iss=APP, payer_id=STORE).rstrip("."),
            assertion(iss=APP, payer_id=STORE) + "c2ln",
        ],
    )
    async def test_what_is_none(self, shop: Shop, header: str) -> None:
        capture = await shop.captured()
        answer = await shop.get(f"/captures/{capture['id']}", paypal_auth_assertion=header)
        assert issue_of(answer) == (400, "INVALID_PARAMETER_SYNTAX")


class TestConsent:
    """Who made an order for somebody else's goods sees what was paid; the money is the payee's."""

    async def test_a_refund_takes_the_payees(self, shop: Shop, merchants: MerchantsClient) -> None:
        paid = await shop.pay(unit(payee=OTHER), client_id=APP)
        (capture,) = paid.units["default"].captures or ()
        assert (await shop.get(f"/captures/{capture['id']}")).status_code == 200
        before = await shop.balance(OTHER)
        refused = await shop.refund(capture["id"], "1.00", request_id="R")
        assert (refused.json()["name"], issue_of(refused)) == ("NOT_AUTHORIZED", (403, "PERMISSION_DENIED"))
        assert await shop.balance(OTHER) == before
        assert (await shop.refund(capture["id"], "1.00", **AS_OTHER)).status_code == 201
        await merchants.give_consent(STORE, OTHER)
        assert (await shop.refund(capture["id"], "1.00", request_id="R")).status_code == 201
        await merchants.withdraw_consent(STORE, OTHER)
        assert issue_of(await shop.refund(capture["id"], "1.00")) == (403, "PERMISSION_DENIED")
        assert await shop.problems() == []

    async def test_the_platform_captures_and_voids_what_it_made(self, shop: Shop) -> None:
        for path in ("capture", "void"):
            paid = await shop.pay(unit(payee=OTHER), intent="AUTHORIZE", client_id=APP, order_id=path.upper())
            (authorization,) = paid.units["default"].authorizations or ()
            assert (await shop.post(f"/authorizations/{authorization['id']}/{path}", {})).status_code in {200, 201}
        assert await shop.problems() == []


class TestRequestIds:
    async def test_a_repeated_request_answers_the_present_state(self, shop: Shop) -> None:
        authorization = await shop.authorized(100_00)
        first = await shop.capture(authorization["id"], "40.00", request_id="R")
        await shop.refund(first.json()["id"])
        again = await shop.capture(authorization["id"], "40.00", request_id="R")
        assert (first.status_code, again.status_code) == (201, 200)
        assert (again.json()["id"], again.json()["status"]) == (first.json()["id"], "REFUNDED")
        assert await shop.problems() == []

    async def test_its_scope_is_app_operation_and_path(self, shop: Shop, merchants: MerchantsClient) -> None:
        await merchants.give_consent(OTHER, STORE)
        captures = [await shop.captured(10_00), await shop.captured(10_00, client_id=OTHER_APP)]
        answers = [await shop.refund(capture["id"], "1.00", request_id="R") for capture in captures]
        answers.append(await shop.refund(captures[1]["id"], "1.00", request_id="R", app=OTHER_APP, account=OTHER))
        assert [answer.status_code for answer in answers] == [201, 201, 201]
        assert len({answer.json()["id"] for answer in answers}) == 3

    async def test_a_refusal_leaves_none(self, shop: Shop) -> None:
        authorization = await shop.authorized(100_00)
        assert issue_of(await shop.capture(authorization["id"], "200.00", request_id="R")) == (422, "MAX_CAPTURE_AMOUNT_EXCEEDED")
        assert (await shop.capture(authorization["id"], "20.00", request_id="R")).status_code == 201

    async def test_other_content_is_answered_with_the_original(self, shop: Shop) -> None:
        capture = await shop.captured(100_00)
        first = await shop.refund(capture["id"], "1.00", request_id="R")
        assert (await shop.refund(capture["id"], "2.00", request_id="R")).json() == first.json()

    async def test_in_strict_mode_it_is_refused(self, single: StartSingle) -> None:
        settings = Settings(strict_idempotency=True)
        shop = await shop_of(await single("payments", "ledger", "processor", "merchants", settings=settings))
        capture = await shop.captured(100_00)
        first = await shop.refund(capture["id"], "1.00", request_id="R")
        assert issue_of(await shop.refund(capture["id"], "2.00", request_id="R")) == (422, "PAYPAL_REQUEST_ID_REUSED")
        assert (await shop.refund(capture["id"], "1.00", request_id="R")).json() == first.json()

    async def test_it_is_kept_for_45_days(self, shop: Shop) -> None:
        capture = await shop.captured(100_00)
        first = await shop.refund(capture["id"], "1.00", request_id="R")
        shop.advance(days=44)
        await shop.drain()
        assert (await shop.refund(capture["id"], "1.00", request_id="R")).json() == first.json()
        shop.advance(days=1)
        second = await shop.refund(capture["id"], "1.00", request_id="R")
        assert (second.status_code, second.json()["id"] != first.json()["id"]) == (201, True)

    async def test_a_job_forgets_the_old_ones(self, shop: Shop) -> None:
        capture = await shop.captured(100_00)
        now = shop.single.clock.now()
        await shop.refund(capture["id"], "1.00", request_id="R")
        due = await shop.service.worker.next_due()
        assert due is not None
        assert now + timedelta(days=46) <= due < now + timedelta(days=46, minutes=1)
        shop.advance(days=47)
        await shop.drain()
        rows = await shop.single.database.fetch("SELECT kind FROM intents")
        assert [row["kind"] for row in rows] == ["pay"]

    async def test_without_one_every_request_is_new(self, shop: Shop) -> None:
        capture = await shop.captured(100_00)
        ids = {(await shop.refund(capture["id"], "1.00")).json()["id"] for _ in range(3)}
        assert len(ids) == 3


class TestBodies:
    @pytest.mark.parametrize(
        ("content", "status"), [(b"", 201), (b"null", 201), (b"{}", 201), (b"{", 400), (b"[]", 400), (b'{"amount"}', 400)]
    )
    async def test_none_is_everything_and_broken_ones_are_refused(self, shop: Shop, content: bytes, status: int) -> None:
        capture = await shop.captured()
        headers: dict[str, Any] = shop.single.bearer(APP, STORE, "payments/refund") | {"content-type": "application/json"}
        answer = await shop.single.http.post(f"/v2/payments/captures/{capture['id']}/refund/", content=content, headers=headers)
        assert answer.status_code == status

    async def test_a_documented_issue_can_be_asked_for(self, shop: Shop) -> None:
        capture = await shop.captured()
        asking: dict[str, Any] = {"PayPal_Mock_Response": json.dumps({"mock_application_codes": "TRANSACTION_DISPUTED"})}
        assert issue_of(await shop.post(f"/captures/{capture['id']}/refund", {"amount": money("1.00")}, **asking)) == (
            422,
            "TRANSACTION_DISPUTED",
        )
