"""More buyers and merchants, their apps, and money for them."""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64encode
from typing import Any

import httpx2
import pytest

from farthing.clients.identity.client import IdentityClient
from farthing.clients.identity.errors import SignInFailed
from farthing.clients.merchants.client import MerchantsClient
from farthing.kit.faults import Fault
from tests.platform import TestPlatform

BUSINESS = {"email": "shop@example.org", "kind": "business", "country": "DE", "business_name": "Shop & Söhne", "password": "pass word"}


async def post(platform: TestPlatform, path: str, body: Any, **headers: str) -> httpx2.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await platform.http.post(f"/_farthing/{path}", json=body, headers=named)


def problem(answer: httpx2.Response) -> tuple[int, str, str | None]:
    detail = answer.json()["details"][0]
    return answer.status_code, detail["issue"], detail.get("field")


class TestAccounts:
    async def test_a_buyer_needs_an_address_only(self, platform: TestPlatform) -> None:
        made = await post(platform, "accounts", {"email": "ada@example.org"})
        found = made.json()
        assert made.status_code == 201
        assert found == {
            "id": found["id"],
            "email": "ada@example.org",
            "kind": "personal",
            "country": "US",
            "given_name": "",
            "surname": "",
            "instruments": [],
        }
        session = await platform.client(IdentityClient).sign_in("ada@example.org", "farthing")
        assert session.account_id == found["id"]

    async def test_a_business_is_a_merchant_who_can_be_paid(self, platform: TestPlatform) -> None:
        made = (await post(platform, "accounts", BUSINESS)).json()
        assert made["business_name"] == "Shop & Söhne"
        merchant = await platform.client(MerchantsClient).get(made["id"])
        assert (merchant.email, merchant.name, merchant.country) == ("shop@example.org", "Shop & Söhne", "DE")
        assert (await platform.client(IdentityClient).sign_in("shop@example.org", "pass word")).account_id == made["id"]

    async def test_a_business_without_a_name_has_one_from_its_address(self, platform: TestPlatform) -> None:
        made = (await post(platform, "accounts", {"email": "corner.shop@example.org", "kind": "business"})).json()
        assert made["business_name"] == "corner.shop"

    async def test_the_same_again_answers_the_same(self, platform: TestPlatform) -> None:
        answers = await asyncio.gather(*(post(platform, "accounts", BUSINESS) for _ in range(10)))
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.json()["id"] for answer in answers}) == 1

    async def test_what_was_left_half_done_is_finished(self, platform: TestPlatform) -> None:
        operations = {endpoint.operation for running in platform.running.values() for endpoint in running.service.api.internal_endpoints}
        for number, where in enumerate(("accounts.create", "identity.users.create", "merchants.create")):
            assert where in operations
            wanted = {**BUSINESS, "email": f"shop{number}@example.org"}
            platform.faults.plant(Fault("F", where, "error", status=503))
            assert (await post(platform, "accounts", wanted)).status_code == 503, where
            platform.faults.clear()
            made = await post(platform, "accounts", wanted)
            assert made.status_code == 201
            assert (await platform.client(MerchantsClient).get(made.json()["id"])).name == "Shop & Söhne"
            assert (await platform.client(IdentityClient).sign_in(wanted["email"], "pass word")).account_id == made.json()["id"]

    async def test_they_are_listed_page_by_page(self, platform: TestPlatform) -> None:
        first = (await platform.http.get("/_farthing/accounts?limit=3")).json()
        assert [account["email"] for account in first["accounts"]] == ["store@example.com", "other@example.com", "buyer@example.com"]
        assert first["accounts"][2]["instruments"] == [{"kind": "card", "brand": "VISA", "last_digits": "1881", "expiry": "2035-12"}]
        last = (await platform.http.get(f"/_farthing/accounts?limit=3&after={first['next']}")).json()
        assert [account["email"] for account in last["accounts"]] == ["poor@example.com"]
        assert "next" not in last

    async def test_what_is_refused(self, platform: TestPlatform) -> None:
        for body, expected in (
            ({"email": "Buyer@example.com"}, (409, "EMAIL_TAKEN", "/email")),
            ({"email": "store@example.com", "kind": "personal"}, (409, "EMAIL_TAKEN", "/email")),
            ({}, (400, "MISSING_REQUIRED_PARAMETER", "/email")),
            ({"email": "no address"}, (400, "INVALID_PARAMETER_SYNTAX", "/email")),
            ({"email": "a@example.org", "kind": "robot"}, (400, "INVALID_PARAMETER_VALUE", "/kind")),
            ({"email": "a@example.org", "country": "usa"}, (400, "INVALID_PARAMETER_SYNTAX", "/country")),
            ({"email": "a@example.org", "password": ""}, (400, "INVALID_STRING_LENGTH", "/password")),
            ({"email": "a@example.org", "balance": 1}, (400, "INVALID_PARAMETER_SYNTAX", "/balance")),
        ):
            assert problem(await post(platform, "accounts", body)) == expected, body
        for query in ("limit=0", "limit=1001", "limit=x", "limit=-1", "limit=%D9%A3"):
            assert problem(await platform.http.get(f"/_farthing/accounts?{query}"))[:2] == (400, "INVALID_PARAMETER_VALUE"), query
        assert len((await platform.http.get("/_farthing/accounts")).json()["accounts"]) == 4

    async def test_a_password_is_not_changed_by_the_way(self, platform: TestPlatform) -> None:
        made = await post(platform, "accounts", BUSINESS)
        again = await post(platform, "accounts", {**BUSINESS, "password": "another"})
        assert (again.status_code, again.json()) == (201, made.json())
        assert (await platform.client(IdentityClient).sign_in("shop@example.org", "pass word")).account_id == made.json()["id"]
        with pytest.raises(SignInFailed):
            await platform.client(IdentityClient).sign_in("shop@example.org", "another")


class TestConsents:
    PATH = "/_farthing/accounts/store@example.com/consents/other@example.com"

    async def test_a_partner_may_act_for_a_merchant_as_long_as_he_has_its_consent(self, platform: TestPlatform) -> None:
        claims = urlsafe_b64encode(b'{"iss": "other-client-id", "email": "store@example.com"}').rstrip(b"=").decode()
        token = await platform.http.post(
            "/v1/oauth2/token", data={"grant_type": "client_credentials"}, auth=("other-client-id", "other-client-secret")
        )
        headers = {"authorization": f"Bearer {token.json()['access_token']}", "paypal-auth-assertion": f"eyJhbGciOiJub25lIn0.{claims}."}
        order = {"intent": "CAPTURE", "purchase_units": [{"amount": {"currency_code": "USD", "value": "7.00"}}]}

        async def create() -> int:
            return (await platform.http.post("/v2/checkout/orders", json=order, headers=headers)).status_code

        assert await create() == 403
        assert (await platform.http.put(self.PATH)).status_code == 204
        assert await create() == 201
        assert (await platform.http.delete(self.PATH)).status_code == 204
        assert await create() == 403

    async def test_of_whom_nobody_has_heard(self, platform: TestPlatform) -> None:
        for path in (self.PATH.replace("other", "nobody"), self.PATH.replace("store", "nobody"), self.PATH.replace("store@", "buyer@")):
            assert (await platform.http.put(path)).status_code == 404


class TestApps:
    async def test_an_app_gets_tokens_for_its_merchant(self, platform: TestPlatform) -> None:
        await post(platform, "accounts", BUSINESS)
        made = await post(platform, "apps", {"account": "SHOP@example.org", "name": "Till"})
        app = made.json()
        assert (made.status_code, app["name"], app["account"]) == (201, "Till", "SHOP@example.org")
        assert app.keys() == {"client_id", "client_secret", "name", "account"}
        token = await platform.http.post(
            "/v1/oauth2/token", data={"grant_type": "client_credentials"}, auth=(app["client_id"], app["client_secret"])
        )
        headers = {"authorization": f"Bearer {token.json()['access_token']}"}
        unit = {"amount": {"currency_code": "EUR", "value": "7.00"}}
        order = await platform.http.post("/v2/checkout/orders", json={"intent": "CAPTURE", "purchase_units": [unit]}, headers=headers)
        assert order.status_code == 201, order.text

    async def test_one_app_per_key(self, platform: TestPlatform) -> None:
        body = {"account": "store@example.com"}
        first, again = [(await post(platform, "apps", body, idempotency_key="k")).json() for _ in range(2)]
        assert first == again
        assert (await post(platform, "apps", body)).json()["client_id"] != (await post(platform, "apps", body)).json()["client_id"]

    async def test_a_key_gives_nobody_anothers_secret(self, platform: TestPlatform) -> None:
        await post(platform, "apps", {"account": "store@example.com"}, idempotency_key="k")
        for other in ({"account": "other@example.com"}, {"account": "store@example.com", "name": "Another"}):
            refused = await post(platform, "apps", other, idempotency_key="k")
            assert (refused.status_code, refused.json()["details"][0]["issue"]) == (409, "IDEMPOTENCY_KEY_REUSED"), other
            assert "client_secret" not in refused.text

    async def test_what_is_refused(self, platform: TestPlatform) -> None:
        for body, expected in (
            ({"account": "nobody@example.com"}, (422, "ACCOUNT_NOT_FOUND", "/account")),
            ({"account": "buyer@example.com"}, (422, "ACCOUNT_KIND_WRONG", "/account")),
            ({}, (400, "MISSING_REQUIRED_PARAMETER", "/account")),
            ({"account": "store@example.com", "name": ""}, (400, "INVALID_STRING_LENGTH", "/name")),
        ):
            assert problem(await post(platform, "apps", body)) == expected, body


class TestFund:
    async def test_money_arrives_from_an_account_of_the_books(self, platform: TestPlatform) -> None:
        found = await post(platform, "accounts/Poor@example.com/fund", {"currency_code": "USD", "value": "100.00"})
        usd = {"currency_code": "USD", "value": "100.00"}
        zero = {"currency_code": "USD", "value": "0.00"}
        wallet = {"kind": "wallet", "balance": usd, "held": zero, "available": usd}
        assert (found.status_code, found.json()) == (200, {"account": "Poor@example.com", "balances": [wallet]})
        books = (await platform.http.get("/_farthing/ledger/accounts?owner=sandbox")).json()["accounts"]
        source = next(account for account in books if account["balance"]["currency_code"] == "USD")
        assert (source["kind"], source["balance"]["value"]) == ("funding", "-10000100.00")
        audit = (await platform.http.get("/_farthing/ledger/audit")).json()
        assert (audit["balanced"], audit["problems"]) == (True, [])

    async def test_once_per_key(self, platform: TestPlatform) -> None:
        body = {"currency_code": "JPY", "value": "500"}
        key = "any text ~ of the operator's, however long: " + "x" * 200
        answers = await asyncio.gather(*(post(platform, "accounts/poor@example.com/fund", body, idempotency_key=key) for _ in range(5)))
        assert {answer.status_code for answer in answers} == {200}
        assert [b["balance"]["value"] for b in answers[-1].json()["balances"]] == ["500"]
        other = await post(platform, "accounts/poor@example.com/fund", {**body, "value": "501"}, idempotency_key=key)
        assert other.status_code == 409
        await post(platform, "accounts/poor@example.com/fund", body)
        last = await post(platform, "accounts/poor@example.com/fund", body)
        assert [b["balance"]["value"] for b in last.json()["balances"]] == ["1500"]

    async def test_what_is_refused(self, platform: TestPlatform) -> None:
        path = "accounts/poor@example.com/fund"
        for body, expected in (
            ({"currency_code": "USD", "value": "0.00"}, (400, "INVALID_PARAMETER_VALUE", "/value")),
            ({"currency_code": "USD", "value": "-1.00"}, (400, "INVALID_PARAMETER_VALUE", "/value")),
            ({"currency_code": "USD", "value": "1.001"}, (400, "DECIMAL_PRECISION", "/value")),
            ({"currency_code": "JPY", "value": "1.5"}, (400, "DECIMALS_NOT_SUPPORTED", "/value")),
            ({"currency_code": "USD", "value": "1e3"}, (400, "INVALID_PARAMETER_SYNTAX", "/value")),
            ({"currency_code": "USD", "value": "9" * 18}, (400, "INVALID_PARAMETER_VALUE", "/value")),
            ({"currency_code": "XXX", "value": "1.00"}, (400, "INVALID_CURRENCY_CODE", "/currency_code")),
            ({"currency_code": "usd", "value": "1.00"}, (400, "INVALID_PARAMETER_SYNTAX", "/currency_code")),
            ({"value": "1.00"}, (400, "MISSING_REQUIRED_PARAMETER", "/currency_code")),
            ({"currency_code": "USD", "value": 1}, (400, "INVALID_PARAMETER_SYNTAX", "/value")),
        ):
            assert problem(await post(platform, path, body)) == expected, body
        nobody = await post(platform, "accounts/nobody@example.com/fund", {"currency_code": "USD", "value": "1.00"})
        assert problem(nobody)[:2] == (404, "ACCOUNT_NOT_FOUND")
        assert (await platform.http.get("/_farthing/ledger/accounts?owner=poor@example.com")).json() == {"accounts": []}
