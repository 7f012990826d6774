"""Advancing the clock of the whole platform: what becomes due on the way is done at its own time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import pytest

from farthing.clients.webhooks.client import WebhooksClient
from tests.platform import MODES, TestPlatform

UNIT = {"amount": {"currency_code": "USD", "value": "10.00"}}


@asynccontextmanager
async def failing_receiver(platform: TestPlatform, seen: list[datetime]) -> AsyncIterator[str]:
    """A merchant whose server answers every webhook with 500; `seen`: when they came, by the platform's clock."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        seen.append(platform.clock.now())
        writer.write(b"HTTP/1.1 500 Broken\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hooks"


@pytest.mark.parametrize("platform", MODES, indirect=True)
async def test_twenty_five_attempts_at_twenty_five_times(platform: TestPlatform) -> None:
    seen: list[datetime] = []
    async with failing_receiver(platform, seen) as url:
        await platform.http.post("/_farthing/clock/freeze")
        start, headers = platform.clock.now(), await platform.as_app()
        wanted = {"url": url, "event_types": [{"name": "CHECKOUT.ORDER.APPROVED"}]}
        made = await platform.http.post("/v1/notifications/webhooks", json=wanted, headers=headers)
        assert made.status_code == 201, made.text
        body = {"intent": "CAPTURE", "purchase_units": [UNIT]}
        order = (await platform.http.post("/v2/checkout/orders", json=body, headers=headers)).json()
        await platform.http.post(f"/_farthing/orders/{order['id']}/approve")

        advanced = await platform.http.post("/_farthing/clock/advance", json={"by": "P4D"})

    assert advanced.status_code == 200, advanced.text
    assert advanced.json()["steps"] >= 24
    assert platform.clock.now() == start + timedelta(days=4)
    assert (len(seen), len(set(seen)), seen == sorted(seen)) == (25, 25, True)
    assert seen[0] == start
    assert timedelta(days=2, hours=12) < seen[-1] - start <= timedelta(days=3, hours=12)
    [delivery] = (await platform.client(WebhooksClient).deliveries()).deliveries
    assert (delivery.attempts, delivery.next_attempt) == (25, None)


async def test_an_authorization_expires_on_the_way(platform: TestPlatform) -> None:
    headers = await platform.as_app(prefer="return=representation")
    body = {"intent": "AUTHORIZE", "purchase_units": [UNIT]}
    order = (await platform.http.post("/v2/checkout/orders", json=body, headers=headers)).json()
    await platform.http.post(f"/_farthing/orders/{order['id']}/approve")
    paid = await platform.http.post(f"/v2/checkout/orders/{order['id']}/authorize", json={}, headers=headers)
    [authorization] = paid.json()["purchase_units"][0]["payments"]["authorizations"]
    assert (await platform.http.get("/_farthing/ledger/audit")).json()["open_holds"] == 1

    advanced = await platform.http.post("/_farthing/clock/advance", json={"by": "P60D"})

    assert advanced.status_code == 200, advanced.text
    shown = await platform.http.get(f"/v2/payments/authorizations/{authorization['id']}", headers=headers)
    assert shown.json()["status"] in {"VOIDED", "EXPIRED"}
    audit = (await platform.http.get("/_farthing/ledger/audit")).json()
    assert (audit["open_holds"], audit["balanced"], audit["problems"]) == (0, True, [])
