"""The endpoint that says whether a notification is genuine."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from services.webhooks.tests.conftest import OTHER, ROOT, App, Received, Receiver, Webhooks, to_verify


async def verdict(app: App, content: bytes | dict[str, Any]) -> str:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    found = await app.http.post(f"{ROOT}/verify-webhook-signature", content=raw, headers=app.headers)
    assert found.status_code == 200, found.text
    return str(found.json()["verification_status"])


def exact(request: Received, webhook_id: str) -> bytes:
    """The request as a careful receiver writes it: the body that came, byte for byte."""
    rest = {name: value for name, value in to_verify(request, webhook_id).items() if name != "webhook_event"}
    return json.dumps(rest).encode()[:-1] + b', "webhook_event" : ' + request.body + b"}"


@pytest.fixture
async def told(webhooks: Webhooks, receiver: Receiver) -> tuple[App, str, Received]:
    """A notification that came, with the app and the webhook that it is for."""
    app = webhooks.app()
    webhook_id = await app.subscribe(receiver.url())
    await webhooks.happen("CAPTURE1", note="Zürich ☃ \u2028 \U0001f600 <&>", amount={"value": "1.00"}, count=3)
    await webhooks.drain()
    return app, webhook_id, receiver.received[0]


Told = tuple[App, str, Received]


async def test_the_exact_bytes_succeed_and_need_no_record(told: Told, webhooks: Webhooks) -> None:
    app, webhook_id, request = told
    await webhooks.single.database.execute("DELETE FROM deliveries")
    assert await verdict(app, exact(request, webhook_id)) == "SUCCESS"


async def test_one_changed_byte_fails(told: Told) -> None:
    app, webhook_id, request = told
    forged = Received(request.path, request.headers, request.body.replace(b'"1.00"', b'"9.00"'))
    assert await verdict(app, exact(forged, webhook_id)) == "FAILURE"


async def test_what_a_client_parsed_and_wrote_again_succeeds(told: Told) -> None:
    app, webhook_id, request = told
    spellings: list[dict[str, Any]] = [{}, {"indent": 2}, {"sort_keys": True}, {"ensure_ascii": False, "separators": (",", ":")}]
    for spelling in spellings:
        assert await verdict(app, json.dumps(to_verify(request, webhook_id), **spelling).encode()) == "SUCCESS"


async def test_written_again_with_other_content_fails(told: Told) -> None:
    app, webhook_id, request = told
    for change in ({"count": True}, {"count": 3.5}, {"extra": 1}, {"amount": {"value": "9.00"}}):
        body = to_verify(request, webhook_id)
        body["webhook_event"]["resource"].update(change)
        assert await verdict(app, body) == "FAILURE"


async def test_of_a_repeated_member_the_last_counts(told: Told) -> None:
    app, webhook_id, request = told
    good = exact(request, webhook_id)
    assert await verdict(app, b'{"webhook_event": {}, ' + good[1:]) == "SUCCESS"
    assert await verdict(app, good[:-1] + b', "webhook_event": {}}') == "FAILURE"


async def test_anything_else_that_is_wrong_fails(told: Told) -> None:
    app, webhook_id, request = told
    changes = [
        {"transmission_id": "00000000-0000-4000-8000-000000000000"},
        {"transmission_time": "2020-01-01T00:00:00Z"},
        {"transmission_sig": base64.b64encode(bytes(256)).decode()},
        {"transmission_sig": "no base64!"},
        {"auth_algo": "SHA1withRSA"},
        {"cert_url": "http://127.0.0.1:8080/v1/notifications/certs/CERT-00000000-00000000-00000000"},
        {"cert_url": "http://[nonsense"},
        {"webhook_id": "NOSUCHWEBHOOK"},
        {"webhook_id": "WEBHOOK_ID"},
    ]
    for change in changes:
        assert await verdict(app, {**to_verify(request, webhook_id), **change}) == "FAILURE"


async def test_another_apps_notification_fails(told: Told, webhooks: Webhooks) -> None:
    _, webhook_id, request = told
    assert await verdict(webhooks.app(OTHER), exact(request, webhook_id)) == "FAILURE"


async def test_the_narrow_scope_suffices(told: Told, webhooks: Webhooks) -> None:
    _, webhook_id, request = told
    narrow = webhooks.app(("sandbox-client-id", "STRE7X2KQ4M9W"), "applications/verify-webhook-signature")
    assert await verdict(narrow, exact(request, webhook_id)) == "SUCCESS"


async def test_refuses_an_incomplete_request(webhooks: Webhooks) -> None:
    expected = ("VALIDATION_ERROR", "MISSING_REQUIRED_PARAMETER", "/auth_algo")
    assert await webhooks.app().refused("POST", "/verify-webhook-signature", {}) == expected
