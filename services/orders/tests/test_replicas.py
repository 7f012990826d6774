"""Two replicas of everything on one database: what one began the other finishes, and nothing happens twice."""

from __future__ import annotations

import asyncio

import pytest

from farthing.clients.orders.errors import OrderAlreadyCompleted
from farthing.kit.faults import Fault
from farthing.orders.domain.order import Order
from farthing.orders.domain.states import Intent
from farthing.orders.operations.replay import KEPT
from farthing.orders.repository import Key, Repository
from services.orders.tests.conftest import AROUND, BUYER, OTHER, POOR, Shop, issues, order, unit
from tests.single import StartSingle

UNIT = "/purchase_units/@reference_id=='default'"
CARD = {"card": {"number": "4012888888881881", "expiry": "2035-12"}}


@pytest.fixture
async def replica(shop: Shop, single: StartSingle) -> Shop:
    return Shop(await single("orders", *AROUND, database=shop.orders.place))


async def told(*shops: Shop) -> list[str]:
    return sorted([kind for one in shops for kind in await one.events()])


class TestReplicas:
    async def test_one_capture_by_one_request_id(self, shop: Shop, replica: Shop) -> None:
        for round_ in range(5):
            order_id, before = await shop.approved(), await shop.balance(BUYER)
            requests = [one.capture(order_id, paypal_request_id=f"{round_}") for one in (shop, replica) for _ in range(10)]
            answers = await asyncio.gather(*requests)
            assert sorted(answer.status_code for answer in answers) == [*[200] * 19, 201]
            assert len({answer.json()["purchase_units"][0]["payments"]["captures"][0]["id"] for answer in answers}) == 1
            assert before - await shop.balance(BUYER) == 10_000
        assert await told(shop, replica) == ["CHECKOUT.ORDER.APPROVED"] * 5 + ["CHECKOUT.ORDER.COMPLETED"] * 5

    async def test_one_capture_by_many_request_ids(self, shop: Shop, replica: Shop) -> None:
        order_id, before = await shop.approved(), await shop.balance(BUYER)
        requests = [(shop, replica)[number % 2].capture(order_id, paypal_request_id=f"{number}") for number in range(20)]
        answers = await asyncio.gather(*requests)
        refused = [issues(answer) for answer in answers if answer.status_code != 201]
        assert refused == [["ORDER_ALREADY_CAPTURED"]] * 19
        assert before - await shop.balance(BUYER) == 10_000

    async def test_what_one_made_and_another_changed_is_approved_as_it_is_now(self, shop: Shop, replica: Shop) -> None:
        order_id = (await shop.create())["id"]
        assert (await replica.patch(order_id, {"op": "add", "path": f"{UNIT}/custom_id", "value": "new"})).status_code == 204
        approved = await shop.approve(order_id)
        assert approved["purchase_units"][0]["custom_id"] == "new"
        assert (await replica.get(order_id)).json() == approved

    async def test_what_would_have_been_refused_when_it_was_made_is_judged_as_it_is_now(self, shop: Shop, replica: Shop) -> None:
        order_id = (await shop.create(unit(payee={"merchant_id": OTHER})))["id"]
        changed = await replica.patch(order_id, {"op": "replace", "path": f"{UNIT}/payee/email", "value": "store@example.com"})
        assert changed.status_code == 204
        assert (await shop.approve(order_id, OTHER))["payer"]["payer_id"] == OTHER

    async def test_what_another_one_completed_cannot_be_approved(self, shop: Shop, replica: Shop) -> None:
        order_id = (await shop.create())["id"]
        await replica.approve(order_id)
        assert (await replica.capture(order_id)).status_code == 201
        with pytest.raises(OrderAlreadyCompleted):
            await shop.approve(order_id)

    async def test_a_refusal_on_both(self, shop: Shop, replica: Shop) -> None:
        order_id = (await shop.create())["id"]
        await shop.approve(order_id, POOR)
        requests = [one.capture(order_id, paypal_request_id="one") for one in (shop, replica) for _ in range(10)]
        assert {(answer.status_code, *issues(answer)) for answer in await asyncio.gather(*requests)} == {(422, "INSTRUMENT_DECLINED")}
        await replica.approve(order_id)
        assert (await shop.capture(order_id, paypal_request_id="one")).status_code == 201

    async def test_one_order_by_one_request_id_and_card(self, shop: Shop, replica: Shop) -> None:
        body = order(unit(), payment_source=CARD)
        requests = [one.post("", body, paypal_request_id="one") for one in (shop, replica) for _ in range(5)]
        answers = await asyncio.gather(*requests)
        assert sorted(answer.status_code for answer in answers) == [*[200] * 9, 201]
        assert (len({answer.json()["id"] for answer in answers}), await shop.count("orders")) == (1, 1)
        assert await told(shop, replica) == ["CHECKOUT.ORDER.COMPLETED"]

    async def test_recovery_by_both_finishes_it_once(self, shop: Shop, replica: Shop) -> None:
        order_id, before = await shop.approved(), await shop.balance(BUYER)
        await shop.orders.database.execute("UPDATE orders SET paying_at = now() - interval '4 s' WHERE id = $1", order_id)
        await asyncio.gather(*(one.orders.running.worker.drain() for one in (shop, replica)))
        assert before - await shop.balance(BUYER) == 10_000
        assert await told(shop, replica) == ["CHECKOUT.ORDER.APPROVED", "CHECKOUT.ORDER.COMPLETED"]

    async def test_expiry_by_both_is_told_once(self, shop: Shop, replica: Shop) -> None:
        order_id = await shop.approved()
        await shop.orders.database.execute("UPDATE orders SET expires_at = now() WHERE id = $1", order_id)
        await asyncio.gather(*(one.orders.running.worker.drain() for one in (shop, replica)))
        assert await told(shop, replica) == ["CHECKOUT.ORDER.APPROVED", "CHECKOUT.PAYMENT-APPROVAL.REVERSED"]


class TestLateTwin:
    """A twin of a refused request that ends when the order is being paid again."""

    async def begun(self, shop: Shop, order_id: str, request_id: str) -> Order:
        """A capture that was begun, and whose maker is not heard of."""
        repository, now = Repository(shop.orders.database), shop.orders.clock.now()
        key = f"sandbox-client-id orders.capture /v2/checkout/orders/{order_id}/capture {request_id}"
        begun = await repository.begin(order_id, Key(key, "", now + KEPT), Intent.CAPTURE, "sandbox-client-id", now)
        assert begun is not None
        return begun

    async def test_its_refusal_leaves_the_next_attempt_alone(self, shop: Shop) -> None:
        order_id, replica = (await shop.create())["id"], Repository(shop.orders.database)
        await shop.approve(order_id, POOR)
        late = await self.begun(shop, order_id, "one")
        await replica.refuse(late)
        await shop.approve(order_id)
        await self.begun(shop, order_id, "two")
        await replica.refuse(late)
        for _ in range(2):
            answer = await shop.capture(order_id, paypal_request_id="two")
            assert (answer.status_code, answer.json()["status"]) == (200, "COMPLETED")
        assert issues(await shop.capture(order_id, paypal_request_id="one")) == ["ORDER_ALREADY_CAPTURED"]

    async def test_the_next_attempt_does_not_join_it(self, shop: Shop) -> None:
        order_id = (await shop.create())["id"]
        await shop.approve(order_id, POOR)
        late = await self.begun(shop, order_id, "one")
        shop.orders.beside["payments"].faults.plant(Fault("f", "payments.pay", "latency", milliseconds=1000, times=1))
        twin = asyncio.create_task(shop.capture(order_id, paypal_request_id="one"))
        while not shop.orders.beside["payments"].faults.rules()[0].hits:  # noqa: ASYNC110 - nobody tells that it is there
            await asyncio.sleep(0.01)
        await Repository(shop.orders.database).refuse(late)
        await shop.approve(order_id)
        answer = await shop.capture(order_id, paypal_request_id="two")
        assert (answer.status_code, answer.json()["status"]) == (201, "COMPLETED")
        await twin
        assert (await shop.capture(order_id, paypal_request_id="two")).json() == answer.json()


class TestNoLostUpdate:
    async def test_twenty_shipments_at_once_are_all_kept(self, shop: Shop, replica: Shop) -> None:
        order_id = await shop.approved()
        capture = (await shop.capture(order_id)).json()["purchase_units"][0]["payments"]["captures"][0]["id"]
        bodies = [{"capture_id": capture, "tracking_number": f"{number}"} for number in range(20)]
        answers = await asyncio.gather(
            *((shop, replica)[number % 2].post(f"/{order_id}/track", body) for number, body in enumerate(bodies))
        )
        assert {answer.status_code for answer in answers} == {201}
        trackers = (await shop.get(order_id)).json()["purchase_units"][0]["shipping"]["trackers"]
        assert {tracker["tracking_number"] for tracker in trackers} == {f"{number}" for number in range(20)}

    async def test_two_patches_at_once_are_both_kept(self, shop: Shop, replica: Shop) -> None:
        unit_path = "/purchase_units/@reference_id=='default'"
        for round_ in range(5):
            order_id = (await shop.create())["id"]
            first = {"op": "add", "path": f"{unit_path}/custom_id", "value": f"c{round_}"}
            second = {"op": "add", "path": f"{unit_path}/description", "value": f"d{round_}"}
            await asyncio.gather(shop.patch(order_id, first), replica.patch(order_id, second))
            shown = (await shop.get(order_id)).json()["purchase_units"][0]
            assert (shown["custom_id"], shown["description"]) == (f"c{round_}", f"d{round_}")
