"""Webhooks in the whole platform: what a store hears of a payment, and what the console does to deliveries."""

from __future__ import annotations

import time
from typing import Any

import pytest

from services.webhooks.tests.conftest import App, Receiver, genuine, to_verify
from tests.platform import EVENT_MODES, OTHER, TestPlatform

pytestmark = pytest.mark.parametrize("platform", EVENT_MODES, indirect=True)


async def app_of(platform: TestPlatform, *who: str) -> App:
    return App(platform.http, await platform.as_app(*who))


async def pay(platform: TestPlatform) -> dict[str, Any]:
    """Create, approve and capture an order; answer the capture."""
    body = {"intent": "CAPTURE", "purchase_units": [{"amount": {"currency_code": "USD", "value": "100.00"}}]}
    headers = await platform.as_app()
    order = (await platform.http.post("/v2/checkout/orders", json=body, headers=headers)).json()
    approved = await platform.http.post(f"/_farthing/orders/{order['id']}/approve", json={"buyer": "buyer@example.com"})
    assert approved.status_code == 200, approved.text
    headers = await platform.as_app(prefer="return=representation")
    captured = await platform.http.post(f"/v2/checkout/orders/{order['id']}/capture", json={}, headers=headers)
    assert captured.status_code == 201, captured.text
    return dict(captured.json()["purchase_units"][0]["payments"]["captures"][0])


async def control(platform: TestPlatform, path: str, body: object = None) -> Any:
    answer = await platform.http.post(f"/_farthing/{path}", json=body)
    assert answer.status_code in {200, 201, 204}, answer.text
    return answer.json() if answer.content else None


async def test_a_store_hears_of_a_payment(platform: TestPlatform, receiver: Receiver) -> None:
    app = await app_of(platform)
    webhook_id = await app.subscribe(receiver.url(), "CHECKOUT.ORDER.APPROVED", "PAYMENT.CAPTURE.COMPLETED")
    await (await app_of(platform, OTHER[0])).subscribe(receiver.url("/other"))
    capture = await pay(platform)
    await receiver.has(2)
    await platform.settle()
    told = {request.event["event_type"]: request for request in receiver.received}
    assert sorted(told) == ["CHECKOUT.ORDER.APPROVED", "PAYMENT.CAPTURE.COMPLETED"]
    assert {request.path for request in receiver.received} == {"/hook"}
    request = told["PAYMENT.CAPTURE.COMPLETED"]
    assert request.event["resource"]["id"] == capture["id"]
    assert request.event["resource"]["amount"] == {"currency_code": "USD", "value": "100.00"}
    assert genuine(request, webhook_id, await app.certificate(request.headers["paypal-cert-url"]))
    assert await app.call("POST", "/verify-webhook-signature", to_verify(request, webhook_id)) == {"verification_status": "SUCCESS"}


async def test_advancing_the_clock_makes_all_attempts(platform: TestPlatform, receiver: Receiver) -> None:
    receiver.answer, app = 500, await app_of(platform)
    await app.subscribe(receiver.url(), "PAYMENT.CAPTURE.COMPLETED")
    await pay(platform)
    await receiver.has(1)
    await control(platform, "clock/advance", {"by": "P3D"})
    assert len(receiver.received) == 25
    assert len({request.headers["paypal-transmission-time"] for request in receiver.received}) == 25
    (event,) = (await app.call("GET", "/webhooks-events"))["events"]
    assert (event["status"], len(event["transmissions"][0]["attempts"])) == ("FAILURE", 25)


async def test_a_fault_delays_a_delivery_until_the_clock_moves(platform: TestPlatform, receiver: Receiver) -> None:
    app = await app_of(platform)
    await app.subscribe(receiver.url(), "PAYMENT.CAPTURE.COMPLETED")
    await control(platform, "faults", {"operation": "webhooks.deliver", "kind": "delay", "by": "PT1H", "times": 1})
    await pay(platform)
    await platform.settle()
    assert receiver.received == []
    await control(platform, "clock/advance", {"by": "PT1H"})
    assert len(receiver.received) == 1


async def test_a_reset_waits_for_no_slow_receiver_and_keeps_the_key(platform: TestPlatform, receiver: Receiver) -> None:
    app = await app_of(platform)
    webhook_id = await app.subscribe(receiver.url())
    await pay(platform)
    first = (await receiver.has(1))[0]
    receiver.answer = "hang"
    await pay(platform)
    await receiver.has(len(receiver.received) + 1)
    started = time.perf_counter()
    await control(platform, "reset")
    assert time.perf_counter() - started < 8  # and not the 10 s of the receiver
    assert await app.call("GET", "/webhooks") == {"webhooks": []}
    assert genuine(first, webhook_id, await app.certificate(first.headers["paypal-cert-url"]))


async def test_a_snapshot_has_webhooks_and_their_deliveries(platform: TestPlatform, receiver: Receiver) -> None:
    receiver.answer, app = 500, await app_of(platform)
    await app.subscribe(receiver.url(), "PAYMENT.CAPTURE.COMPLETED")
    await pay(platform)
    await receiver.has(1)
    await platform.settle()
    await control(platform, "snapshots", {"name": "pending"})
    await control(platform, "reset")
    await control(platform, "snapshots/pending/restore")
    receiver.answer = 200
    await control(platform, "clock/advance", {"by": "PT1M"})
    assert len(receiver.received) == 2
    assert receiver.received[0].body == receiver.received[1].body
