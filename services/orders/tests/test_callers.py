from __future__ import annotations

import base64
from typing import Any

import orjson

from farthing.clients.merchants.client import MerchantsClient
from services.orders.tests.conftest import OTHER, PATH, STORE, Shop, issues, order, unit


def assertion(alg: str = "none", signature: str = "", **claims: Any) -> str:
    parts = [base64.urlsafe_b64encode(orjson.dumps(part)).rstrip(b"=").decode() for part in ({"alg": alg}, claims)]
    return ".".join([*parts, signature])


def for_store(**more: Any) -> str:
    """What the other store's app presents to act for the store."""
    return assertion(iss="other-client-id", payer_id=STORE, **more)


class TestMerchants:
    async def test_another_merchants_order_is_not_there(self, shop: Shop) -> None:
        order_id = await shop.approved()
        for path, method in (("", "GET"), ("/capture", "POST"), ("/authorize", "POST")):
            headers = shop.headers(OTHER, content_type="application/json")
            answer = await shop.orders.http.request(method, f"{PATH}/{order_id}{path}", headers=headers)
            assert (answer.status_code, answer.json()["name"], issues(answer)) == (404, "RESOURCE_NOT_FOUND", ["INVALID_RESOURCE_ID"])

    async def test_scopes(self, shop: Shop) -> None:
        order_id = (await shop.create())["id"]
        headers = shop.orders.bearer("sandbox-client-id", STORE, "payments/orders/client-side-integration")
        assert (await shop.orders.http.get(f"{PATH}/{order_id}", headers=headers)).status_code == 200
        assert (await shop.orders.http.post(f"{PATH}/{order_id}/track", json={}, headers=headers)).status_code == 403
        assert (await shop.orders.http.get(f"{PATH}/{order_id}")).status_code == 401

    async def test_what_a_partner_says_of_itself_is_kept(self, shop: Shop) -> None:
        await shop.post("", order(), paypal_partner_attribution_id="Partner_SP", paypal_client_metadata_id="device-1")
        row = await shop.orders.database.row("SELECT context ->> 'partner' AS partner FROM orders")
        assert row is not None
        assert orjson.loads(row["partner"]) == {"paypal-partner-attribution-id": "Partner_SP", "paypal-client-metadata-id": "device-1"}


class TestForeignPayee:
    """An order of the store's app whose money the other store gets: seen by both, changed and paid by its maker."""

    async def made(self, shop: Shop) -> str:
        made = await shop.post("", order(unit(payee={"merchant_id": OTHER})))
        assert made.status_code == 201
        order_id: str = made.json()["id"]
        await shop.approve(order_id)
        return order_id

    async def test_both_see_it(self, shop: Shop) -> None:
        order_id = await self.made(shop)
        assert ((await shop.get(order_id)).status_code, (await shop.get(order_id, OTHER)).status_code) == (200, 200)

    async def test_the_payee_neither_changes_nor_pays_it(self, shop: Shop) -> None:
        order_id = await self.made(shop)
        captured = await shop.capture(order_id, OTHER)
        assert (captured.status_code, issues(captured)) == (403, ["PERMISSION_DENIED"])
        patch = {"op": "add", "path": "/purchase_units/@reference_id=='default'/custom_id", "value": "mine"}
        patched = await shop.patch(order_id, patch, app=OTHER)
        assert (patched.status_code, issues(patched)) == (403, ["PERMISSION_DENIED"])
        assert (await shop.capture(order_id)).status_code == 201

    async def test_another_app_of_the_makers_account_is_a_stranger(self, shop: Shop) -> None:
        order_id = await self.made(shop)
        second = shop.orders.bearer("second-client-id", STORE, "payments/payment") | {"content-type": "application/json"}
        for method, path in (("GET", ""), ("POST", "/capture")):
            assert (await shop.orders.http.request(method, f"{PATH}/{order_id}{path}", headers=second)).status_code == 404

    async def test_of_what_the_account_itself_is_paid_with_it_is_none(self, shop: Shop) -> None:
        order_id = await shop.approved()
        second = shop.orders.bearer("second-client-id", STORE, "payments/payment")
        assert (await shop.orders.http.get(f"{PATH}/{order_id}", headers=second)).status_code == 200
        captured = await shop.orders.http.post(f"{PATH}/{order_id}/capture", headers=second | {"content-type": "application/json"})
        assert captured.status_code == 201


class TestAssertion:
    async def test_without_consent(self, shop: Shop) -> None:
        created = await shop.post("", order(), OTHER, paypal_auth_assertion=for_store())
        assert (created.status_code, created.json()["name"], issues(created)) == (403, "NOT_AUTHORIZED", ["PERMISSION_DENIED"])
        order_id = await shop.approved()
        captured = await shop.capture(order_id, OTHER, paypal_auth_assertion=for_store())
        assert (captured.status_code, issues(captured)) == (403, ["CONSENT_NEEDED"])

    async def test_with_consent_it_acts_for_the_merchant(self, shop: Shop) -> None:
        merchants = shop.orders.beside["merchants"].client(MerchantsClient)
        await merchants.give_consent(OTHER, STORE)
        made = await shop.post("", order(), OTHER, paypal_auth_assertion=for_store(), prefer="return=representation")
        assert made.json()["purchase_units"][0]["payee"]["merchant_id"] == STORE
        order_id = made.json()["id"]
        assert ((await shop.get(order_id)).status_code, (await shop.get(order_id, OTHER)).status_code) == (200, 200)
        await shop.approve(order_id)
        assert orjson.loads((await self.told(shop))["data"])["account_id"] == STORE
        by_email = assertion(iss="other-client-id", email="store@example.com")
        assert (await shop.capture(order_id, OTHER, paypal_auth_assertion=by_email)).status_code == 201

    async def test_a_platform_fee_without_a_payee_is_the_apps_own(self, shop: Shop) -> None:
        await shop.orders.beside["merchants"].client(MerchantsClient).give_consent(OTHER, STORE)
        fee = {"amount": {"currency_code": "USD", "value": "1.00"}}
        body = order(unit(payment_instruction={"platform_fees": [fee]}))
        made = await shop.post("", body, OTHER, paypal_auth_assertion=for_store(), prefer="return=representation")
        [shown] = made.json()["purchase_units"]
        (told,) = shown["payment_instruction"]["platform_fees"]
        assert (shown["payee"]["merchant_id"], told["payee"]["merchant_id"]) == (STORE, OTHER)

    async def told(self, shop: Shop) -> dict[str, Any]:
        await shop.events()
        return {"data": shop.orders.events[0].data}

    async def test_acting_for_oneself_needs_no_consent(self, shop: Shop) -> None:
        order_id = await shop.approved()
        own = assertion(iss="sandbox-client-id", payer_id=STORE)
        assert (await shop.capture(order_id, paypal_auth_assertion=own)).status_code == 201

    async def test_what_does_not_hold(self, shop: Shop) -> None:
        order_id = await shop.approved()
        for given, expected in (
            (assertion(iss="other-client-id", payer_id=STORE), (403, ["PERMISSION_DENIED"])),
            (assertion(iss="sandbox-client-id", payer_id="NOBODY"), (403, ["PERMISSION_DENIED"])),
            (assertion(iss="sandbox-client-id"), (400, ["INVALID_PARAMETER_SYNTAX"])),
            (assertion("HS256", "c2ln", iss="sandbox-client-id", payer_id=STORE), (400, ["INVALID_PARAMETER_SYNTAX"])),
            (assertion(iss="sandbox-client-id", payer_id=STORE, more="x" * 5000), (400, ["INVALID_PARAMETER_SYNTAX"])),
            ("a.b", (400, ["INVALID_PARAMETER_SYNTAX"])),
            ("%.%.", (400, ["INVALID_PARAMETER_SYNTAX"])),
            ("W10.W10.", (400, ["INVALID_PARAMETER_SYNTAX"])),
        ):
            answer = await shop.capture(order_id, paypal_auth_assertion=given)
            assert (answer.status_code, issues(answer)) == expected, given[:60]
