from __future__ import annotations

from datetime import timedelta

import orjson

from services.orders.tests.conftest import Shop, issues, order, unit

HOURS = timedelta(hours=3)


async def later(shop: Shop, by: timedelta) -> None:
    """The clock moves and what became due is done, as the console does it."""
    shop.orders.clock.move_to(shop.orders.clock.now() + by)
    await shop.orders.running.worker.drain()


class TestExpiry:
    async def test_three_hours_to_approve(self, shop: Shop) -> None:
        shop.orders.clock.freeze()
        order_id = (await shop.create())["id"]
        await later(shop, HOURS - timedelta(seconds=1))
        assert (await shop.get(order_id)).status_code == 200
        await later(shop, timedelta(seconds=1))
        assert (await shop.get(order_id)).status_code == 404
        assert await shop.events() == []

    async def test_then_three_hours_to_pay(self, shop: Shop) -> None:
        shop.orders.clock.freeze()
        order_id = (await shop.create())["id"]
        await later(shop, HOURS - timedelta(seconds=1))
        await shop.approve(order_id)
        await later(shop, HOURS - timedelta(seconds=1))
        assert (await shop.get(order_id)).json()["status"] == "APPROVED"
        await later(shop, timedelta(seconds=1))
        assert (await shop.get(order_id)).status_code == 404
        answer = await shop.capture(order_id)
        assert (answer.status_code, issues(answer)) == (422, ["ORDER_EXPIRED"])

    async def test_the_store_learns_that_an_approval_ended(self, shop: Shop) -> None:
        shop.orders.clock.freeze()
        order_id = await shop.approved(unit("60.00", reference_id="a", custom_id="C-1", invoice_id="I-1"), unit("40.00", reference_id="b"))
        shown = (await shop.get(order_id)).json()
        await later(shop, HOURS)
        assert await shop.events() == ["CHECKOUT.ORDER.APPROVED", "CHECKOUT.PAYMENT-APPROVAL.REVERSED"]
        assert orjson.loads(shop.orders.events[1].data)["resource"] == {
            "order_id": order_id,
            "purchase_units": [{"reference_id": "a", "custom_id": "C-1", "invoice_id": "I-1"}, {"reference_id": "b"}],
            "payment_source": shown["payment_source"],
            "create_time": shown["create_time"],
        }

    async def test_it_does_not_wait_for_the_job(self, shop: Shop) -> None:
        shop.orders.clock.freeze()
        order_id = await shop.approved()
        shop.orders.clock.move_to(shop.orders.clock.now() + HOURS)
        assert (await shop.get(order_id)).status_code == 404
        assert issues(await shop.capture(order_id)) == ["ORDER_EXPIRED"]
        assert issues(await shop.patch(order_id, {"op": "replace", "path": "/intent", "value": "AUTHORIZE"})) == ["ORDER_EXPIRED"]
        confirm = await shop.post(f"/{order_id}/confirm-payment-source", {"payment_source": {"paypal": {}}})
        assert issues(confirm) == ["ORDER_EXPIRED"]

    async def test_whoever_repeats_its_creation_learns_it_too(self, shop: Shop) -> None:
        shop.orders.clock.freeze()
        assert (await shop.post("", order(), paypal_request_id="one")).status_code == 201
        shop.orders.clock.move_to(shop.orders.clock.now() + HOURS)
        for _ in range(2):
            again = await shop.post("", order(), paypal_request_id="one")
            assert (again.status_code, issues(again)) == (422, ["ORDER_EXPIRED"])
            await shop.orders.running.worker.drain()

    async def test_what_is_paid_does_not_expire(self, shop: Shop) -> None:
        shop.orders.clock.freeze()
        order_id = await shop.approved()
        await shop.capture(order_id)
        await later(shop, timedelta(days=365))
        assert (await shop.get(order_id)).json()["status"] == "COMPLETED"

    async def test_after_three_days_nobody_remembers_it(self, shop: Shop) -> None:
        shop.orders.clock.freeze()
        order_id = (await shop.create())["id"]
        await later(shop, HOURS)
        await later(shop, timedelta(hours=71))
        assert issues(await shop.capture(order_id)) == ["ORDER_EXPIRED"]
        await later(shop, timedelta(days=2))
        answer = await shop.capture(order_id)
        assert (answer.status_code, await shop.count("orders")) == (404, 0)


class TestForgetting:
    async def test_records_are_dropped_once_a_day(self, shop: Shop) -> None:
        clock = shop.orders.clock
        clock.freeze()
        await shop.post("", order(), paypal_request_id="one")
        await later(shop, timedelta(hours=6) + timedelta(days=1))
        assert await shop.count("idempotency") == 0

    async def test_nothing_is_due_when_there_is_nothing(self, shop: Shop) -> None:
        assert await shop.orders.running.worker.next_due() is None
