"""The story: a buyer pays, the store hears of it, the books balance. In every mode."""

from __future__ import annotations

from typing import Any

import pytest

from farthing.clients.ledger.client import LedgerClient
from tests.platform import MODES, OTHER, TestPlatform

STORE, BUYER = "STRE7X2KQ4M9W", "BUYER3F6ZT8HC"
UNIT = {"amount": {"currency_code": "USD", "value": "100.00"}}

in_every_mode = pytest.mark.parametrize("platform", MODES, indirect=True)


async def create(platform: TestPlatform, body: dict[str, Any] | None = None) -> dict[str, Any]:
    answer = await platform.http.post(
        "/v2/checkout/orders", json=body or {"intent": "CAPTURE", "purchase_units": [UNIT]}, headers=await platform.as_app()
    )
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def approve(platform: TestPlatform, order: dict[str, Any], buyer: str = "buyer@example.com") -> None:
    answer = await platform.http.post(f"/_farthing/orders/{order['id']}/approve", json={"buyer": buyer})
    assert (answer.status_code, answer.json()["status"]) == (200, "APPROVED"), answer.text


async def wallet(platform: TestPlatform, owner: str) -> int:
    found = await platform.client(LedgerClient).balances(owner)
    return sum(a.balance for a in found.balances if (a.kind, a.currency) == ("wallet", "USD"))


async def audit(platform: TestPlatform) -> dict[str, Any]:
    answer = await platform.http.get("/_farthing/ledger/audit")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def links(document: dict[str, Any]) -> set[str]:
    return {link["rel"] for link in document["links"]}


@in_every_mode
async def test_create_approve_capture_get(platform: TestPlatform) -> None:
    before = await wallet(platform, BUYER), await wallet(platform, STORE)
    order = await create(platform)
    assert (order["status"], links(order)) == ("CREATED", {"self", "approve", "update", "capture"})
    await approve(platform, order)
    headers = await platform.as_app(paypal_request_id="pay-1", prefer="return=representation")
    captured = await platform.http.post(f"/v2/checkout/orders/{order['id']}/capture", json={}, headers=headers)
    assert (captured.status_code, captured.json()["status"]) == (201, "COMPLETED"), captured.text
    [capture] = captured.json()["purchase_units"][0]["payments"]["captures"]
    assert (capture["status"], capture["amount"]) == ("COMPLETED", UNIT["amount"])
    breakdown = capture["seller_receivable_breakdown"]
    assert (breakdown["paypal_fee"]["value"], breakdown["net_amount"]["value"]) == ("3.98", "96.02")  # 3.49 % + 0.49
    shown = (await platform.http.get(f"/v2/checkout/orders/{order['id']}", headers=await platform.as_app())).json()
    assert shown["purchase_units"][0]["payments"]["captures"][0]["id"] == capture["id"]
    assert (before[0] - await wallet(platform, BUYER), await wallet(platform, STORE) - before[1]) == (10_000, 9_602)
    replay = await platform.http.post(f"/v2/checkout/orders/{order['id']}/capture", json={}, headers=headers)
    assert (replay.status_code, replay.json()["purchase_units"][0]["payments"]["captures"][0]["id"]) == (200, capture["id"])
    found = await audit(platform)
    assert (found["balanced"], found["problems"], found["captures"]) == (True, [], 1)


@in_every_mode
async def test_a_full_refund_from_an_empty_wallet(platform: TestPlatform) -> None:
    before = await wallet(platform, BUYER)
    order = await create(platform)
    await approve(platform, order)
    paid = await platform.http.post(
        f"/v2/checkout/orders/{order['id']}/capture", json={}, headers=await platform.as_app(prefer="return=representation")
    )
    capture = paid.json()["purchase_units"][0]["payments"]["captures"][0]["id"]
    refund = await platform.http.post(
        f"/v2/payments/captures/{capture}/refund",
        json={},
        headers=await platform.as_app(paypal_request_id="back-1", prefer="return=representation"),
    )
    assert (refund.status_code, refund.json()["status"], refund.json()["amount"]) == (201, "COMPLETED", UNIT["amount"]), refund.text
    assert await wallet(platform, BUYER) == before
    assert await wallet(platform, STORE) == -398  # the original fee stays
    shown = (await platform.http.get(f"/v2/checkout/orders/{order['id']}", headers=await platform.as_app())).json()
    payments = shown["purchase_units"][0]["payments"]
    assert (payments["captures"][0]["status"], payments["refunds"][0]["id"]) == ("REFUNDED", refund.json()["id"])
    assert (await audit(platform))["problems"] == []


@in_every_mode
async def test_authorize_capture_in_parts_and_release_the_rest(platform: TestPlatform) -> None:
    order = await create(platform, {"intent": "AUTHORIZE", "purchase_units": [UNIT]})
    await approve(platform, order)
    headers = await platform.as_app(prefer="return=representation")
    done = await platform.http.post(f"/v2/checkout/orders/{order['id']}/authorize", json={}, headers=headers)
    assert (done.status_code, done.json()["status"]) == (201, "COMPLETED"), done.text
    [authorization] = done.json()["purchase_units"][0]["payments"]["authorizations"]
    path = f"/v2/payments/authorizations/{authorization['id']}"
    for value, final in (("30.00", False), ("20.00", True)):
        body = {"amount": {"currency_code": "USD", "value": value}, "final_capture": final}
        taken = await platform.http.post(f"{path}/capture", json=body, headers=headers)
        assert (taken.status_code, taken.json()["status"]) == (201, "COMPLETED"), taken.text
    assert (await platform.http.get(path, headers=headers)).json()["status"] == "CAPTURED"
    found = await platform.client(LedgerClient).balances(BUYER)
    assert [(a.held, a.balance) for a in found.balances if a.currency == "USD"] == [(0, 1_000_000_000 - 5_000)]
    assert (await audit(platform))["problems"] == []


async def test_a_poor_buyer_is_declined_and_the_books_do_not_move(platform: TestPlatform) -> None:
    order = await create(platform)
    await approve(platform, order, "poor@example.com")
    refused = await platform.http.post(f"/v2/checkout/orders/{order['id']}/capture", json={}, headers=await platform.as_app())
    assert (refused.status_code, refused.json()["details"][0]["issue"]) == (422, "INSTRUMENT_DECLINED"), refused.text
    found = await audit(platform)
    assert (found["captures"], found["balanced"], found["problems"]) == (0, True, [])


async def test_another_merchant_sees_nothing(platform: TestPlatform) -> None:
    order = await create(platform)
    other = {**await platform.as_app(OTHER[0]), "content-type": "application/json"}
    for method, path in (("GET", ""), ("POST", "/capture"), ("POST", "/authorize")):
        answer = await platform.http.request(method, f"/v2/checkout/orders/{order['id']}{path}", headers=other)
        assert (answer.status_code, answer.json()["name"]) == (404, "RESOURCE_NOT_FOUND")
