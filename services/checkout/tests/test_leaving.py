"""How a payer leaves: paid, declined, cancelled; in a pop-up and out of one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.checkout.tests.conftest import BUYER, SHOP, usd

pytestmark = pytest.mark.asyncio(loop_scope="module")


class TestAfterwards:
    async def approved(self, visitor: Any, origin: str = "") -> str:
        order = str(await visitor.order())
        await visitor.open(f"/checkoutnow?token={order}{origin}")
        await visitor.sign_in()
        await visitor.submit("approve", funding="balance")
        return order

    async def capture(self, visitor: Any, order: str) -> None:
        headers = await visitor.platform.as_app()
        captured = await visitor.platform.http.post(f"/v2/checkout/orders/{order}/capture", json={}, headers=headers)
        assert captured.status_code == 201, captured.text

    async def test_who_goes_back_after_paying_is_led_to_where_he_paid(self, visitor: Any) -> None:
        order = await self.approved(visitor)
        await self.capture(visitor, order)
        page = await visitor.open(f"/checkout/orders/{order}")
        page = await visitor.open(page.attributes["return-link"]["href"])
        assert page.refresh == f"{SHOP}/return?cart=7&token={order}&PayerID={BUYER}"

    async def test_a_page_from_before_the_payment_leads_there_too(self, visitor: Any) -> None:
        order = await self.approved(visitor)
        page = await visitor.open(f"/checkout/orders/{order}")
        await self.capture(visitor, order)
        assert "approved" in (await visitor.submit("approve", funding="balance")).texts
        assert "approved" in (await visitor.open(page.attributes["cancel"]["href"])).texts

    async def test_who_did_not_pay_is_led_nowhere(self, visitor: Any) -> None:
        order = await self.approved(visitor)
        await self.capture(visitor, order)
        visitor.http.cookies.clear()
        for step in ("", "/cancel", "/approved"):
            page = await visitor.open(f"/checkout/orders/{order}{step}")
            assert (page.status, "problem" in page.texts, "return-link" in page.texts) == (200, True, False)

    @pytest.mark.parametrize("origin", ["", f"&origin={SHOP}"])
    async def test_to_cancel_what_is_approved_does_not_promise_that_nothing_is_charged(self, visitor: Any, origin: str) -> None:
        order = await self.approved(visitor, origin)
        page = await visitor.open(f"/checkoutnow?token={order}{origin}")
        assert page.texts["approved-already"].startswith("You have approved 1,234.50 USD, and Example Store can take it.")
        page = await visitor.open(page.attributes["cancel"]["href"])
        assert page.texts["cancelled"].startswith("This payment was approved before Example Store can still take the payment.")
        assert (page.refresh, page.attributes["return-link"]["href"]) == (None, f"{SHOP}/cancel?token={order}")
        assert page.html.count("data-waits") == bool(origin)
        await self.capture(visitor, order)

    async def test_what_was_approved_is_told_and_not_what_the_store_made_of_it(self, visitor: Any) -> None:
        order = await self.approved(visitor)
        more = [{"op": "replace", "path": "/purchase_units/@reference_id=='default'/amount", "value": usd("1000.00")}]
        headers = await visitor.platform.as_app()
        assert (await visitor.platform.http.patch(f"/v2/checkout/orders/{order}", json=more, headers=headers)).status_code == 204
        page = await visitor.open(f"/checkoutnow?token={order}")
        assert page.texts["approved-already"].startswith("You have approved 1,234.50 USD; the store has changed the total since,")
        page = await visitor.open(f"/checkout/orders/{order}/approved")
        assert "1,234.50 USD to Example Store" in page.texts["approved"]

    async def test_a_pop_up_of_an_approved_order_tells_its_opener(self, visitor: Any) -> None:
        order = await self.approved(visitor)
        page = await visitor.open(f"/checkoutnow?token={order}&origin={SHOP}")
        page = await visitor.open(page.attributes["return-link"]["href"])
        assert json.loads(page.attributes["approved"]["data-message"])["type"] == "farthing.approved"
        await self.capture(visitor, order)
        page = await visitor.open(f"/checkoutnow?token={order}&origin={SHOP}")
        page = await visitor.open(page.attributes["return-link"]["href"])
        assert json.loads(page.attributes["approved"]["data-message"])["type"] == "farthing.approved"

    async def test_a_pop_up_of_what_somebody_else_approved_tells_its_opener(self, visitor: Any) -> None:
        order = await self.approved(visitor)
        await visitor.open(f"/checkoutnow?token={order}&origin={SHOP}")
        await visitor.submit("sign-out")
        page = await visitor.sign_in("poor@example.com")
        page = await visitor.open(page.attributes["return-link"]["href"])
        assert json.loads(page.attributes["cancelled"]["data-message"])["type"] == "farthing.cancelled"


class TestDeclined:
    async def approve(self, visitor: Any, **more: Any) -> str:
        headers = await visitor.platform.as_app()
        context = {"return_url": f"{SHOP}/return", "cancel_url": f"{SHOP}/cancel"}
        body = {"intent": "CAPTURE", "purchase_units": [{"amount": usd("5.00")}], "application_context": context, **more}
        order = str((await visitor.platform.http.post("/v2/checkout/orders", json=body, headers=headers)).json()["id"])
        await visitor.open(f"/checkoutnow?token={order}")
        await visitor.sign_in("poor@example.com")
        await visitor.submit("approve", funding="balance")
        return order

    async def test_the_payer_learns_that_what_he_chose_cannot_pay(self, visitor: Any) -> None:
        order = await self.approve(visitor)
        assert "approved" in visitor.page.texts
        capture, headers = f"/v2/checkout/orders/{order}/capture", await visitor.platform.as_app()
        assert (await visitor.platform.http.post(capture, json={}, headers=headers)).status_code == 422
        for step in ("", "/approved"):
            page = await visitor.open(f"/checkout/orders/{order}{step}")
            assert (page.status, "approved-already" in page.texts) == (200, False)
            assert page.texts["error"] == "What you chose last was declined, and nothing was charged. Please choose another way to pay."
        page = await visitor.submit("sign-out")
        assert "declined" not in page.html

    async def test_it_is_forgotten_when_he_approves_again(self, visitor: Any) -> None:
        order = await self.approve(visitor)
        capture, headers = f"/v2/checkout/orders/{order}/capture", await visitor.platform.as_app()
        await visitor.platform.http.post(capture, json={}, headers=headers)
        await visitor.open(f"/checkout/orders/{order}")
        page = await visitor.submit("approve", funding="balance")
        assert ("approved" in page.texts, page.refresh is not None) == (True, True)

    async def test_at_once_when_approving_is_paying(self, visitor: Any) -> None:
        order = await self.approve(visitor, processing_instruction="ORDER_COMPLETE_ON_PAYMENT_APPROVAL")
        assert (visitor.page.status, "approved" in visitor.page.texts) == (200, False)
        assert "was declined" in visitor.page.texts["error"]
        assert await visitor.status(order) == "APPROVED"


class TestTheEndOfAPopUp:
    async def test_the_stores_own_page_is_told_who_paid(self, visitor: Any, order: str) -> None:
        await visitor.open(f"/checkoutnow?token={order}&origin={SHOP}")
        await visitor.sign_in()
        page = await visitor.submit("approve", funding="balance")
        found = page.attributes["approved"]
        assert found["data-opener"] == SHOP
        assert json.loads(found["data-message"]) == {"type": "farthing.approved", "orderID": order, "payerID": BUYER}
        assert page.refresh is None

    async def test_another_page_is_told_only_what_it_said_itself(self, visitor: Any, order: str) -> None:
        await visitor.open(f"/checkoutnow?token={order}&origin=https://evil.example")
        await visitor.sign_in()
        page = await visitor.submit("approve", funding="balance")
        found = page.attributes["approved"]
        assert found["data-opener"] == "https://evil.example"
        assert json.loads(found["data-message"]) == {"type": "farthing.approved", "orderID": order}

    @pytest.mark.parametrize("origin", ["*", "null", "javascript:alert(1)", "https://evil.example/path", "evil.example"])
    async def test_nothing_that_is_no_origin_is_told_anything(self, visitor: Any, order: str, origin: str) -> None:
        await visitor.open(f"/checkoutnow?token={order}&origin={origin}")
        await visitor.sign_in()
        page = await visitor.submit("approve", funding="balance")
        assert "data-opener" not in page.attributes["approved"]
        assert page.refresh is not None

    async def test_cancelling_is_told(self, visitor: Any, order: str) -> None:
        page = await visitor.open(f"/checkoutnow?token={order}&origin={SHOP}")
        page = await visitor.open(page.attributes["cancel"]["href"])
        assert json.loads(page.attributes["cancelled"]["data-message"]) == {"type": "farthing.cancelled", "orderID": order}

    async def test_the_end_is_shown_to_its_payer_only(self, visitor: Any, order: str) -> None:
        await visitor.platform.http.post(f"/_farthing/orders/{order}/approve", json={"buyer": "buyer@example.com"})
        page = await visitor.open(f"/checkout/orders/{order}/approved?origin={SHOP}")
        assert ("approved" in page.texts, BUYER in page.html) == (False, False)
        await visitor.sign_in("poor@example.com")
        page = await visitor.open(f"/checkout/orders/{order}/approved?origin={SHOP}")
        assert ("approved" in page.texts, BUYER in page.html) == (False, False)
