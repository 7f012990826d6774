"""Time moves on while a payer looks at the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.platform import TestPlatform


async def test_an_order_expires_while_its_page_is_open(platform: TestPlatform, visit: Callable[[TestPlatform], Any]) -> None:
    visitor = visit(platform)
    order = await visitor.order()
    await visitor.open(f"/checkoutnow?token={order}")
    await visitor.sign_in()
    advanced = await platform.http.post("/_farthing/clock/advance", json={"by": "PT4H"})
    assert advanced.status_code == 200, advanced.text
    page = await visitor.submit("approve", funding="balance")
    assert page.texts["problem"].startswith("This payment has expired")
    page = await visitor.open(f"/checkoutnow?token={order}")
    assert (page.status, page.texts["problem"].startswith("This payment has expired")) == (410, True)
    assert page.attributes["return-link"]["href"] == f"https://shop.example/cancel?token={order}"
