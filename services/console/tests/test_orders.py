"""Approval by the operator: one order, or each by a rule."""

from __future__ import annotations

from typing import Any

from tests.platform import OTHER, STORE, TestPlatform

UNIT = {"amount": {"currency_code": "USD", "value": "10.00"}}


async def create(platform: TestPlatform, client_id: str = STORE[0]) -> dict[str, Any]:
    body = {"intent": "CAPTURE", "purchase_units": [UNIT]}
    answer = await platform.http.post("/v2/checkout/orders", json=body, headers=await platform.as_app(client_id))
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def approve(platform: TestPlatform, order_id: str, body: Any = None) -> tuple[int, dict[str, Any]]:
    answer = await platform.http.post(f"/_farthing/orders/{order_id}/approve", json=body)
    return answer.status_code, dict(answer.json())


def problem(answer: dict[str, Any]) -> tuple[str, str | None]:
    detail = answer["details"][0]
    return detail["issue"], detail.get("field")


class TestApprove:
    async def test_without_a_word_the_seeds_buyer_pays_from_his_balance(self, platform: TestPlatform) -> None:
        order = await create(platform)
        bare = await platform.http.post(f"/_farthing/orders/{order['id']}/approve")
        assert (bare.status_code, bare.json()["id"], bare.json()["status"]) == (200, order["id"], "APPROVED")
        assert bare.json()["payer"]["email_address"] == "buyer@example.com"
        assert "paypal" in bare.json()["payment_source"]
        for body in ({}, None, {"buyer": "BUYER@example.com", "funding": "balance"}):
            assert (await approve(platform, order["id"], body))[0] == 200
        shown = await platform.http.get(f"/v2/checkout/orders/{order['id']}", headers=await platform.as_app())
        assert shown.json()["status"] == "APPROVED"

    async def test_with_a_card_the_first_one_pays(self, platform: TestPlatform) -> None:
        order = await create(platform)
        status, found = await approve(platform, order["id"], {"funding": "card"})
        assert (status, found["status"]) == (200, "APPROVED")
        headers = await platform.as_app(prefer="return=representation")
        paid = await platform.http.post(f"/v2/checkout/orders/{order['id']}/capture", json={}, headers=headers)
        assert (paid.status_code, paid.json()["status"]) == (201, "COMPLETED"), paid.text
        found = (await platform.http.get("/_farthing/ledger/accounts?owner=BUYER3F6ZT8HC")).json()
        assert {"currency_code": "USD", "value": "10000000.00"} in [account["balance"] for account in found["accounts"]]

    async def test_what_is_refused(self, platform: TestPlatform) -> None:
        order = await create(platform)
        for body, status, issue, field in (
            ({"buyer": "nobody@example.com"}, 422, "ACCOUNT_NOT_FOUND", "/buyer"),
            ({"buyer": "nobody"}, 422, "ACCOUNT_NOT_FOUND", "/buyer"),
            ({"buyer": "store@example.com"}, 422, "ACCOUNT_KIND_WRONG", "/buyer"),
            ({"buyer": "poor@example.com", "funding": "card"}, 422, "INSTRUMENT_NOT_FOUND", None),
            ({"funding": "gold"}, 400, "INVALID_PARAMETER_VALUE", "/funding"),
            ({"buyer": 7}, 400, "INVALID_PARAMETER_SYNTAX", "/buyer"),
            ({"buyer": ""}, 400, "INVALID_STRING_LENGTH", "/buyer"),
            ({"buyer": "a" * 400}, 400, "INVALID_STRING_LENGTH", "/buyer"),
            ({"payer": "buyer@example.com"}, 400, "INVALID_PARAMETER_SYNTAX", "/payer"),
            ([], 400, "INVALID_PARAMETER_SYNTAX", None),
        ):
            found, answer = await approve(platform, order["id"], body)
            assert (found, *problem(answer)) == (status, issue, field), body
        shown = await platform.http.get(f"/v2/checkout/orders/{order['id']}", headers=await platform.as_app())
        assert shown.json()["status"] == "CREATED"

    async def test_an_order_that_is_not_there(self, platform: TestPlatform) -> None:
        for order_id in ("5O190127TN364715T", "%3Fx=1", "..", "a" * 50, "5O190127TN3647%00", "%F0%9F%92%B6"):
            status, answer = await approve(platform, order_id)
            assert (status, answer["name"]) == (404, "RESOURCE_NOT_FOUND"), order_id

    async def test_bodies_that_are_none(self, platform: TestPlatform) -> None:
        order = await create(platform)
        path = f"/_farthing/orders/{order['id']}/approve"
        for content, kind, status in (
            (b"{", "application/json", 400),
            (b"\xff", "application/json", 400),
            (b'{"buyer":"a\\u0000"}', "application/json", 400),
            (b"buyer=buyer@example.com", "application/x-www-form-urlencoded", 415),
            (b" " * 1_100_000, "application/json", 413),
        ):
            answer = await platform.http.post(path, content=content, headers={"content-type": kind})
            assert (answer.status_code, set(answer.json())) >= (status, {"name", "message", "debug_id"})


class TestAutoApprove:
    async def test_each_order_of_the_app_is_approved_as_it_is_created(self, platform: TestPlatform) -> None:
        rule = {"buyer": "buyer@example.com", "app": STORE[0], "funding": "balance"}
        put = await platform.http.put("/_farthing/auto-approve", json={"buyer": "Buyer@Example.com", "app": STORE[0]})
        assert (put.status_code, put.json()) == (200, rule)
        assert (await platform.http.get("/_farthing/auto-approve")).json() == {"rules": [rule]}
        assert (await create(platform))["status"] == "APPROVED"
        assert (await create(platform, OTHER[0]))["status"] == "CREATED"

        assert (await platform.http.delete("/_farthing/auto-approve")).status_code == 204
        assert (await platform.http.get("/_farthing/auto-approve")).json() == {"rules": []}
        assert (await create(platform))["status"] == "CREATED"

    async def test_a_rule_for_every_app(self, platform: TestPlatform) -> None:
        put = await platform.http.put("/_farthing/auto-approve", json={})
        assert put.json() == {"buyer": "buyer@example.com", "app": "*", "funding": "balance"}
        for app in (STORE[0], OTHER[0]):
            assert (await create(platform, app))["status"] == "APPROVED"

    async def test_an_app_has_one_rule_and_each_can_go_alone(self, platform: TestPlatform) -> None:
        for body in ({"app": STORE[0]}, {"app": OTHER[0]}, {"app": STORE[0], "buyer": "poor@example.com"}):
            assert (await platform.http.put("/_farthing/auto-approve", json=body)).status_code == 200
        found = (await platform.http.get("/_farthing/auto-approve")).json()["rules"]
        assert [(rule["app"], rule["buyer"]) for rule in found] == [(OTHER[0], "buyer@example.com"), (STORE[0], "poor@example.com")]
        assert (await platform.http.delete(f"/_farthing/auto-approve?app={OTHER[0]}")).status_code == 204
        assert [rule["app"] for rule in (await platform.http.get("/_farthing/auto-approve")).json()["rules"]] == [STORE[0]]
        assert (await platform.http.delete("/_farthing/auto-approve?app=unknown")).status_code == 204

    async def test_what_is_refused(self, platform: TestPlatform) -> None:
        for body, status, issue, field in (
            ({"buyer": "nobody@example.com"}, 422, "ACCOUNT_NOT_FOUND", "/buyer"),
            ({"buyer": "store@example.com"}, 422, "ACCOUNT_KIND_WRONG", "/buyer"),
            ({"app": "no-such-app"}, 422, "APP_NOT_FOUND", "/app"),
            ({"app": "../apps"}, 422, "APP_NOT_FOUND", "/app"),
            ({"funding": "gold"}, 400, "INVALID_PARAMETER_VALUE", "/funding"),
            ({"rule": 1}, 400, "INVALID_PARAMETER_SYNTAX", "/rule"),
        ):
            answer = await platform.http.put("/_farthing/auto-approve", json=body)
            assert (answer.status_code, *problem(answer.json())) == (status, issue, field), body
        assert (await platform.http.get("/_farthing/auto-approve")).json() == {"rules": []}

    async def test_a_restart_remembers_it(self, platform: TestPlatform) -> None:
        await platform.http.put("/_farthing/auto-approve", json={})
        platform.switches.clear()
        assert (await create(platform))["status"] == "CREATED"
        start = platform.running["console"].service.start
        assert start is not None
        await start()
        assert (await create(platform))["status"] == "APPROVED"
