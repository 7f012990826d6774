"""GET /_farthing/dead-letters and what becomes of one."""

from __future__ import annotations

from typing import Any

import pytest

from farthing.kit.events import REFUSALS
from tests.platform import EVENT_MODES, TestPlatform, owner_connection
from tests.single import Single

UNIT = {"amount": {"currency_code": "USD", "value": "10.00"}}
through_both = pytest.mark.parametrize("platform", EVENT_MODES, indirect=True)
HOOK = {"url": "https://store.example/hook", "event_types": [{"name": "CHECKOUT.ORDER.APPROVED"}]}


async def approve(platform: TestPlatform) -> str:
    headers = await platform.as_app()
    order = (await platform.http.post("/v2/checkout/orders", json={"intent": "CAPTURE", "purchase_units": [UNIT]}, headers=headers)).json()
    assert (await platform.http.post(f"/_farthing/orders/{order['id']}/approve")).status_code == 200
    return str(order["id"])


async def letters(platform: TestPlatform) -> list[dict[str, Any]]:
    answer = await platform.http.get("/_farthing/dead-letters")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["dead_letters"])


async def refused_event(platform: TestPlatform) -> dict[str, Any]:
    """An approval that webhooks could not store for a while."""
    assert (await platform.http.post("/v1/notifications/webhooks", json=HOOK, headers=await platform.as_app())).status_code == 201
    owner = await owner_connection(platform)
    await owner.execute("ALTER TABLE webhooks.events ADD CONSTRAINT refusing CHECK (false) NOT VALID")
    order = await approve(platform)
    for _ in range(REFUSALS + 1):
        await platform.settle()
    await owner.execute("ALTER TABLE webhooks.events DROP CONSTRAINT refusing")
    await owner.close()
    [letter] = await letters(platform)
    facts = (letter["service"], letter["source"], letter["type"], letter["reason"])
    assert facts == ("webhooks", "orders", "CHECKOUT.ORDER.APPROVED", "CheckViolationError")
    assert letter["attempts"] >= REFUSALS
    assert order in letter["subject"]
    return letter


async def told(platform: TestPlatform) -> int:
    found = await platform.http.get("/v1/notifications/webhooks-events", headers=await platform.as_app())
    return len(found.json()["events"])


@through_both
async def test_a_dead_letter_is_shown_and_replayed(platform: TestPlatform) -> None:
    letter = await refused_event(platform)
    assert await told(platform) == 0
    path = f"/_farthing/dead-letters/webhooks/{letter['number']}"
    assert (await platform.http.post(f"{path}/replay")).status_code == 204
    await platform.settle()
    assert (await letters(platform), await told(platform)) == ([], 1)
    assert (await platform.http.post(f"{path}/replay")).status_code == 404


@through_both
async def test_a_dead_letter_is_dropped(platform: TestPlatform) -> None:
    letter = await refused_event(platform)
    assert (await platform.http.delete(f"/_farthing/dead-letters/webhooks/{letter['number']}")).status_code == 204
    await platform.settle()
    assert (await letters(platform), await told(platform)) == ([], 0)


@pytest.mark.parametrize("place", ["webhooks/1", "ledger/1", "nobody/1", "webhooks/x", "webhooks/99999999999999999999", "webhooks/%C2%B2"])
async def test_what_is_not_there(platform: TestPlatform, place: str) -> None:
    answer = await platform.http.delete(f"/_farthing/dead-letters/{place}")
    assert (answer.status_code, answer.json()["details"][0]["issue"]) == (404, "DEAD_LETTER_NOT_FOUND")


async def test_the_list_fails_rather_than_leave_a_service_out(console: Single) -> None:
    assert (await console.http.get("/_farthing/dead-letters")).status_code == 503
