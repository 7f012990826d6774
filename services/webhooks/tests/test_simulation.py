"""Simulated events: signed, delivered and verified like real ones."""

from __future__ import annotations

import json
from typing import Any

from services.webhooks.tests.conftest import OTHER, Receiver, Webhooks, genuine, to_verify


async def test_goes_to_a_webhook_and_verifies(webhooks: Webhooks, receiver: Receiver) -> None:
    app = webhooks.app()
    webhook_id = await app.subscribe(receiver.url(), "CHECKOUT.ORDER.APPROVED")
    answer = await app.call("POST", "/simulate-event", {"webhook_id": webhook_id, "event_type": "PAYMENT.CAPTURE.COMPLETED"}, 202)
    await webhooks.drain()
    (request,) = receiver.received
    assert {name: answer[name] for name in request.event} == request.event
    assert genuine(request, webhook_id, await app.certificate(request.headers["paypal-cert-url"]))
    verdict = await app.call("POST", "/verify-webhook-signature", to_verify(request, webhook_id))
    assert verdict == {"verification_status": "SUCCESS"}
    found = await app.call("GET", f"/webhooks-events/{answer['id']}")
    assert found["status"] == "SUCCESS"


async def test_goes_to_a_url_without_a_webhook(webhooks: Webhooks, receiver: Receiver) -> None:
    app = webhooks.app()
    answer = await app.call("POST", "/simulate-event", {"url": receiver.url("/plain"), "event_type": "VAULT.PAYMENT-TOKEN.CREATED"}, 202)
    await webhooks.drain()
    (request,) = receiver.received
    assert request.path == "/plain"
    assert genuine(request, "WEBHOOK_ID", await app.certificate(request.headers["paypal-cert-url"]))
    verdict = await app.call("POST", "/verify-webhook-signature", to_verify(request, "WEBHOOK_ID"))
    assert verdict == {"verification_status": "SUCCESS"}
    await app.call("POST", f"/webhooks-events/{answer['id']}/resend", status=202)
    await webhooks.drain()
    assert len(receiver.received) == 2


async def test_the_url_of_a_webhook_is_signed_with_its_id(webhooks: Webhooks, receiver: Receiver) -> None:
    app = webhooks.app()
    webhook_id = await app.subscribe(receiver.url())
    await app.call("POST", "/simulate-event", {"url": receiver.url(), "event_type": "PAYMENT.CAPTURE.DENIED"}, 202)
    await webhooks.drain()
    assert genuine(receiver.received[0], webhook_id, await app.certificate(receiver.received[0].headers["paypal-cert-url"]))


async def test_every_event_has_a_sample(webhooks: Webhooks) -> None:
    app = webhooks.app()
    types = (await app.call("GET", "/webhooks-event-types"))["event_types"]
    for one in types:
        event = await app.call("POST", "/simulate-event", {"url": "http://127.0.0.1:9/", "event_type": one["name"]}, 202)
        assert (event["event_type"], event["resource_version"], event["summary"]) == (
            one["name"],
            one["resource_versions"][0],
            one["description"],
        )
        assert event["resource_type"]
        assert "$" not in json.dumps(event["resource"])
        assert "" not in _strings(event["resource"])


def _strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [found for inner in value.values() for found in _strings(inner)]
    if isinstance(value, list):
        return [found for inner in value for found in _strings(inner)]
    return [value] if isinstance(value, str) else []


async def test_older_versions_of_a_resource(webhooks: Webhooks) -> None:
    body = {"url": "http://127.0.0.1:9/", "event_type": "PAYMENT.AUTHORIZATION.CREATED"}
    newest = await webhooks.app().call("POST", "/simulate-event", body, 202)
    older = await webhooks.app().call("POST", "/simulate-event", {**body, "resource_version": "1.0"}, 202)
    assert (newest["resource_version"], newest["resource"]["status"], newest["resource"]["amount"]["value"]) == ("2.0", "CREATED", "30.00")
    assert (older["resource_version"], older["resource"]["state"], older["resource"]["amount"]["total"]) == ("1.0", "created", "30.00")


async def test_refuses(webhooks: Webhooks) -> None:
    refusals = [
        ({"url": "http://127.0.0.1:9/"}, (400, "VALIDATION_ERROR", "/event_type")),
        ({"event_type": "PAYMENT.CAPTURE.DENIED"}, (400, "VALIDATION_ERROR", "/webhook_id")),
        ({"url": "http://127.0.0.1:9/", "event_type": "NO.SUCH"}, (400, "VALIDATION_ERROR", "/event_type")),
        ({"url": "nowhere", "event_type": "PAYMENT.CAPTURE.DENIED"}, (400, "VALIDATION_ERROR", "/url")),
        (
            {"url": "http://127.0.0.1:9/", "event_type": "PAYMENT.CAPTURE.DENIED", "resource_version": "9.9"},
            (400, "VALIDATION_ERROR", "/resource_version"),
        ),
        (
            {"url": "http://127.0.0.1:9/", "event_type": "PAYMENT.CAPTURE.DENIED", "resource_version": "x"},
            (400, "VALIDATION_ERROR", "/resource_version"),
        ),
        ({"webhook_id": "NOSUCH", "event_type": "PAYMENT.CAPTURE.DENIED"}, (404, "INVALID_RESOURCE_ID", "/webhook_id")),
    ]
    for body, expected in refusals:
        name, _, field = await webhooks.app().refused("POST", "/simulate-event", body, expected[0])
        assert (name, field) == expected[1:]
    assert await webhooks.count("events") == 0


async def test_refuses_the_webhook_of_another_app(webhooks: Webhooks) -> None:
    webhook_id = await webhooks.app(OTHER).subscribe("http://127.0.0.1:9/")
    body = {"webhook_id": webhook_id, "event_type": "PAYMENT.CAPTURE.DENIED"}
    assert (await webhooks.app().refused("POST", "/simulate-event", body, 404))[0] == "INVALID_RESOURCE_ID"
