"""Whom a fault strikes: calls of an app, about an order, of a buyer, on the public side and deep inside."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from tests.platform import OTHER, STORE, TestPlatform

BUYER, FRIEND = "buyer@example.com", "friend@example.com"
UNIT = {"amount": {"currency_code": "USD", "value": "10.00"}}


async def control(platform: TestPlatform, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await platform.http.post(f"/_farthing/{path}", json=body)
    assert answer.status_code < 300, answer.text
    return dict(answer.json())


async def plant(platform: TestPlatform, operation: str, **match: str) -> None:
    """A rule that does next to nothing but count. Of several that fit only the first would."""
    await control(platform, "faults", {"operation": operation, "kind": "latency", "milliseconds": 1, "match": match})


async def hits(platform: TestPlatform) -> list[int]:
    return [fault["hits"] for fault in (await platform.http.get("/_farthing/faults")).json()["faults"]]


async def struck(platform: TestPlatform, operation: str, match: dict[str, str], act: Callable[[], Awaitable[object]]) -> int:
    """How often a rule strikes what happens meanwhile."""
    await platform.http.delete("/_farthing/faults")
    await plant(platform, operation, **match)
    await act()
    [found] = await hits(platform)
    return found


async def ask(
    platform: TestPlatform, method: str, path: str, client_id: str = STORE[0], body: dict[str, Any] | None = None
) -> dict[str, Any]:
    headers = await platform.as_app(client_id, prefer="return=representation")
    answer = await platform.http.request(method, path, json=body, headers=headers)
    assert answer.status_code < 300, answer.text
    return dict(answer.json())


async def order(platform: TestPlatform, client_id: str = STORE[0], intent: str = "CAPTURE") -> str:
    return str((await ask(platform, "POST", "/v2/checkout/orders", client_id, {"intent": intent, "purchase_units": [UNIT]}))["id"])


async def approved(platform: TestPlatform, order_id: str, buyer: str = BUYER, funding: str = "balance") -> str:
    await control(platform, f"orders/{order_id}/approve", {"buyer": buyer, "funding": funding})
    return order_id


async def captured(platform: TestPlatform, order_id: str, client_id: str = STORE[0]) -> str:
    paid = await ask(platform, "POST", f"/v2/checkout/orders/{order_id}/capture", client_id, {})
    return str(paid["purchase_units"][0]["payments"]["captures"][0]["id"])


@pytest.fixture
async def peopled(platform: TestPlatform) -> TestPlatform:
    await control(platform, "accounts", {"email": FRIEND, "kind": "personal", "country": "US"})
    await control(platform, f"accounts/{FRIEND}/fund", {"currency_code": "USD", "value": "100.00"})
    return platform


@pytest.mark.parametrize("platform", ["embedded", "http"], indirect=True)
@pytest.mark.parametrize(
    ("operation", "funding", "times"), [("ledger.post", "balance", 2), ("ledger.post", "card", 2), ("processor.charge", "card", 1)]
)
async def test_inside_a_call_is_of_an_app_an_order_and_a_buyer(peopled: TestPlatform, operation: str, funding: str, times: int) -> None:
    for match, fits in (
        ({"app": STORE[0]}, True),
        ({"app": OTHER[0]}, False),
        ({"order": "mine"}, True),
        ({"order": "another"}, False),
        ({"buyer": BUYER}, True),
        ({"buyer": FRIEND}, False),
        ({"app": STORE[0], "order": "mine", "buyer": BUYER}, True),
        ({"app": OTHER[0], "order": "mine", "buyer": BUYER}, False),
    ):
        mine = await approved(peopled, await order(peopled), funding=funding)
        named = match | ({"order": mine} if match.get("order") == "mine" else {})

        async def journey(mine: str = mine) -> None:
            await ask(peopled, "POST", f"/v2/payments/captures/{await captured(peopled, mine)}/refund", body={})

        assert await struck(peopled, operation, named, journey) == (times if fits else 0), match


async def test_a_guest_with_a_card_is_nobodys_buyer(peopled: TestPlatform) -> None:
    card = {"payment_source": {"card": {"number": "4012888888881881", "expiry": "2035-12"}}}
    for match, times in (({"app": STORE[0]}, 1), ({"buyer": BUYER}, 0)):
        asking = partial(ask, peopled, "POST", f"/v2/checkout/orders/{await order(peopled)}/capture", body=card)
        assert await struck(peopled, "processor.charge", match, asking) == times


async def test_public_operations_know_who_pays(peopled: TestPlatform) -> None:
    operations = ("orders.get", "orders.authorize", "authorizations.get", "authorizations.capture", "captures.get", "captures.refund")
    mine = await order(peopled, intent="AUTHORIZE")
    for operation in (*operations, "refunds.get"):
        await plant(peopled, operation, buyer=BUYER, order=mine)
    await plant(peopled, "orders.get", buyer=FRIEND)
    await ask(peopled, "GET", f"/v2/checkout/orders/{mine}")
    assert await hits(peopled) == [0] * 8  # nobody has approved it yet

    for id, buyer in ((mine, BUYER), (await order(peopled, intent="AUTHORIZE"), FRIEND)):
        await approved(peopled, id, buyer)
        await ask(peopled, "GET", f"/v2/checkout/orders/{id}")
        paid = await ask(peopled, "POST", f"/v2/checkout/orders/{id}/authorize", body={})
        authorization = paid["purchase_units"][0]["payments"]["authorizations"][0]["id"]
        await ask(peopled, "GET", f"/v2/payments/authorizations/{authorization}")
        capture = (await ask(peopled, "POST", f"/v2/payments/authorizations/{authorization}/capture", body={}))["id"]
        await ask(peopled, "GET", f"/v2/payments/captures/{capture}")
        refund = (await ask(peopled, "POST", f"/v2/payments/captures/{capture}/refund", body={}))["id"]
        await ask(peopled, "GET", f"/v2/payments/refunds/{refund}")
    assert await hits(peopled) == [1] * 8


@pytest.mark.parametrize("funding", ["balance", "card"])
async def test_deliveries_know_whose_payment_they_tell_of(peopled: TestPlatform, funding: str) -> None:
    """All that is told of two buyers' payments, by event; nobody listens there."""
    kinds = ("CHECKOUT.ORDER.APPROVED", "CHECKOUT.ORDER.COMPLETED", "PAYMENT.CAPTURE.COMPLETED", "PAYMENT.CAPTURE.REFUNDED")
    hook = {"url": "http://127.0.0.1:9/", "event_types": [{"name": name} for name in (*kinds, "PAYMENT.AUTHORIZATION.CREATED")]}
    await ask(peopled, "POST", "/v1/notifications/webhooks", body=hook)
    peopled.clock.freeze()
    mine = await approved(peopled, await order(peopled), funding=funding)
    friends = await approved(peopled, await order(peopled, intent="AUTHORIZE"), FRIEND)
    for match in ({"buyer": BUYER, "order": mine}, {"buyer": BUYER}, {"buyer": FRIEND}, {"order": friends}):
        rule = {"operation": "webhooks.deliver", "kind": "delay", "by": "PT1H", "match": match}  # only the first that fits strikes
        await control(peopled, "faults", rule)
    await ask(peopled, "POST", f"/v2/payments/captures/{await captured(peopled, mine)}/refund", body={})
    await ask(peopled, "POST", f"/v2/checkout/orders/{friends}/authorize", body={})
    await peopled.settle()
    assert await hits(peopled) == [4, 0, 3, 0]


async def test_what_a_job_finishes_is_still_the_buyers(peopled: TestPlatform) -> None:
    mine = await approved(peopled, await order(peopled))
    rule = {"operation": "ledger.post", "kind": "error", "status": 503, "times": 1, "match": {"buyer": BUYER}}
    await control(peopled, "faults", rule)
    answer = await peopled.http.post(f"/v2/checkout/orders/{mine}/capture", json={}, headers=await peopled.as_app())
    assert answer.status_code >= 500
    await control(
        peopled, "faults", {**rule, "kind": "latency", "milliseconds": 1, "match": {"buyer": BUYER, "order": mine, "app": STORE[0]}}
    )
    await peopled.running["payments"].host.database.execute("UPDATE intents SET started = started - interval '1 minute'")
    await peopled.running["payments"].worker.drain()
    assert await hits(peopled) == [1, 1]
    await peopled.running["orders"].host.database.execute("UPDATE orders SET paying_at = paying_at - interval '1 minute'")
    await peopled.settle()
    assert (await ask(peopled, "GET", f"/v2/checkout/orders/{mine}"))["status"] == "COMPLETED"
    assert await hits(peopled) == [1, 1]


async def test_a_caller_outside_cannot_say_what_his_request_is_about(platform: TestPlatform) -> None:
    await plant(platform, "orders.get", buyer=BUYER)
    await plant(platform, "orders.get", app=OTHER[0])
    headers = {**await platform.as_app(), "farthing-facts": f"app={OTHER[0]}&buyer=BUYERWITHMNEY"}
    assert (await platform.http.get(f"/v2/checkout/orders/{await order(platform)}", headers=headers)).status_code == 200
    assert await hits(platform) == [0, 0]
