from __future__ import annotations

import asyncio
from datetime import timedelta

import orjson
import pytest

from farthing.clients.orders.errors import OrderCompletionInProgress
from farthing.kit.call import TRAIL
from farthing.kit.faults import Fault
from farthing.kit.telemetry.tracing import new_trail
from farthing.orders.operations import paying
from farthing.orders.repository import Repository
from services.orders.tests.conftest import BUYER, OTHER, POOR, STORE, Shop, issues, links, unit, usd


class TestCapture:
    async def test_money_moves_and_the_order_is_completed(self, shop: Shop) -> None:
        order_id = await shop.approved()
        before = await shop.balance(BUYER), await shop.balance(STORE)
        answer = await shop.capture(order_id)
        captured = answer.json()
        assert (answer.status_code, captured["id"], captured["status"]) == (201, order_id, "COMPLETED")
        assert set(links(captured)) == {"self"}
        (capture,) = captured["purchase_units"][0]["payments"]["captures"]
        assert (capture["status"], capture["amount"]) == ("COMPLETED", usd("100.00"))
        assert (before[0] - await shop.balance(BUYER)) == 10_000
        assert 0 < await shop.balance(STORE) - before[1] < 10_000

    async def test_minimal_and_whole_answers(self, shop: Shop) -> None:
        minimal = (await shop.capture(await shop.approved())).json()
        assert set(minimal) == {"id", "status", "payment_source", "payer", "purchase_units", "links"}
        assert set(minimal["purchase_units"][0]) == {"reference_id", "payments"}
        assert (minimal["payer"], minimal["payment_source"]) == ({"payer_id": BUYER}, {"paypal": {}})
        order_id = await shop.approved()
        whole = (await shop.capture(order_id, prefer="return=representation")).json()
        assert whole["purchase_units"][0]["amount"] == usd("100.00")
        assert (await shop.get(order_id)).json() == whole

    async def test_the_store_is_told_with_the_payments(self, shop: Shop) -> None:
        order_id = await shop.approved()
        whole = (await shop.capture(order_id, prefer="return=representation")).json()
        assert await shop.events() == ["CHECKOUT.ORDER.APPROVED", "CHECKOUT.ORDER.COMPLETED"]
        assert orjson.loads(shop.orders.events[1].data)["resource"] == whole

    async def test_several_units_to_several_payees(self, shop: Shop) -> None:
        units = [unit("10.00", reference_id="a"), unit("20.00", reference_id="b", payee={"merchant_id": OTHER})]
        order_id = await shop.approved(*units)
        captured = (await shop.capture(order_id)).json()
        paid = [(one["reference_id"], one["payments"]["captures"][0]["amount"]["value"]) for one in captured["purchase_units"]]
        assert paid == [("a", "10.00"), ("b", "20.00")]

    async def test_what_cannot_be_captured(self, shop: Shop) -> None:
        created = (await shop.create())["id"]
        authorized = await shop.approved(intent="AUTHORIZE")
        approved = await shop.approved()
        for order_id, path, app, expected in (
            (created, "capture", STORE, (422, ["ORDER_NOT_APPROVED"])),
            (authorized, "capture", STORE, (422, ["ACTION_DOES_NOT_MATCH_INTENT"])),
            (approved, "authorize", STORE, (422, ["ACTION_DOES_NOT_MATCH_INTENT"])),
            (approved, "capture", OTHER, (404, ["INVALID_RESOURCE_ID"])),
            ("UNKNOWN", "capture", STORE, (404, ["INVALID_RESOURCE_ID"])),
            ("%00", "capture", STORE, (404, ["INVALID_RESOURCE_ID"])),
        ):
            answer = await shop.post(f"/{order_id}/{path}", None, app)
            assert (answer.status_code, issues(answer)) == expected
        assert await shop.count("idempotency") == 0

    async def test_a_body_is_optional_in_every_way(self, shop: Shop) -> None:
        for body in (b"", b"{}", b"null", b'{"payment_source": null}', b'{"note": 1}'):
            order_id = await shop.approved()
            headers = shop.headers() | {"content-type": "application/json"}
            answer = await shop.orders.http.post(f"/v2/checkout/orders/{order_id}/capture", content=body, headers=headers)
            assert answer.status_code == 201, answer.text

    @pytest.mark.parametrize(("step", "intent"), [("capture", "CAPTURE"), ("authorize", "AUTHORIZE")])
    async def test_without_a_body_too_the_request_says_that_it_is_json(self, shop: Shop, step: str, intent: str) -> None:
        path = f"/v2/checkout/orders/{await shop.approved(intent=intent)}/{step}"
        unsaid = await shop.orders.http.post(path, headers=shop.headers())
        assert (unsaid.status_code, unsaid.json()["name"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
        said = await shop.orders.http.post(path, headers=shop.headers(content_type="application/json"))
        assert (said.status_code, said.json()["status"]) == (201, "COMPLETED")


class TestAuthorize:
    async def test_money_is_set_apart(self, shop: Shop) -> None:
        order_id = await shop.approved(intent="AUTHORIZE")
        before = await shop.balance(BUYER), await shop.balance(STORE)
        answer = await shop.post(f"/{order_id}/authorize")
        (authorization,) = answer.json()["purchase_units"][0]["payments"]["authorizations"]
        assert (answer.status_code, answer.json()["status"], authorization["status"]) == (201, "COMPLETED", "CREATED")
        assert (await shop.balance(BUYER) - before[0], await shop.balance(STORE) - before[1]) == (-10_000, 0)
        again = await shop.post(f"/{order_id}/authorize")
        assert issues(again) == ["ORDER_ALREADY_AUTHORIZED"]

    async def test_voided_authorizations_make_it_voided(self, shop: Shop) -> None:
        order_id = await shop.approved(intent="AUTHORIZE")
        authorized = (await shop.post(f"/{order_id}/authorize")).json()
        authorization = authorized["purchase_units"][0]["payments"]["authorizations"][0]["id"]
        headers = shop.orders.bearer("sandbox-client-id", STORE, "payments/payment/authcapture")
        payments = shop.orders.beside["payments"].http
        answer = await payments.post(f"/v2/payments/authorizations/{authorization}/void", headers=headers)
        assert answer.status_code == 204, answer.text
        assert (await shop.get(order_id)).json()["status"] == "VOIDED"


class TestRefusal:
    async def test_a_payer_without_money_can_choose_another_way(self, shop: Shop) -> None:
        order_id = (await shop.create())["id"]
        await shop.approve(order_id, POOR)
        answer = await shop.capture(order_id, paypal_request_id="one")
        assert (answer.status_code, issues(answer)) == (422, ["INSTRUMENT_DECLINED"])
        redirect = {"href": f"http://127.0.0.1:8080/checkoutnow?token={order_id}", "rel": "redirect", "method": "GET"}
        assert answer.json()["links"] == [redirect]
        assert (await shop.get(order_id)).json()["status"] == "APPROVED"
        assert await shop.count("idempotency") == 0
        await shop.approve(order_id)
        assert (await shop.capture(order_id, paypal_request_id="one")).status_code == 201

    async def test_no_event_of_a_refusal(self, shop: Shop) -> None:
        order_id = (await shop.create())["id"]
        await shop.approve(order_id, POOR)
        await shop.capture(order_id)
        assert await shop.events() == ["CHECKOUT.ORDER.APPROVED"]


class TestOnce:
    async def test_the_same_request_id_has_the_same_answer(self, shop: Shop) -> None:
        order_id = await shop.approved()
        first = await shop.capture(order_id, paypal_request_id="one")
        again = await shop.capture(order_id, paypal_request_id="one")
        assert (first.status_code, again.status_code, first.json()) == (201, 200, again.json())

    async def test_another_request_id_comes_too_late(self, shop: Shop) -> None:
        order_id = await shop.approved()
        assert (await shop.capture(order_id, paypal_request_id="one")).status_code == 201
        for headers in ({"paypal_request_id": "two"}, {}):
            answer = await shop.capture(order_id, **headers)
            assert (answer.status_code, issues(answer)) == (422, ["ORDER_ALREADY_CAPTURED"])

    async def test_a_request_id_is_of_one_operation_on_one_order(self, shop: Shop) -> None:
        body = {"intent": "CAPTURE", "purchase_units": [unit()]}
        first = (await shop.post("", body, paypal_request_id="one")).json()["id"]
        second = (await shop.post("", body, paypal_request_id="two")).json()["id"]
        for order_id in (first, second):
            await shop.approve(order_id)
            assert (await shop.capture(order_id, paypal_request_id="one")).status_code == 201

    async def test_the_replay_knows_what_happened_since(self, shop: Shop) -> None:
        order_id = await shop.approved()
        captured = (await shop.capture(order_id, paypal_request_id="one")).json()
        capture = captured["purchase_units"][0]["payments"]["captures"][0]["id"]
        headers = shop.orders.bearer("sandbox-client-id", STORE, "payments/refund")
        payments = shop.orders.beside["payments"].http
        refund = await payments.post(f"/v2/payments/captures/{capture}/refund", headers=headers, json={})
        assert refund.status_code == 201, refund.text
        again = (await shop.capture(order_id, paypal_request_id="one")).json()
        made = again["purchase_units"][0]["payments"]
        assert (made["captures"][0]["status"], made["refunds"][0]["amount"]) == ("REFUNDED", usd("100.00"))

    async def test_fifty_at_once_with_one_request_id(self, shop: Shop) -> None:
        order_id = await shop.approved()
        before = await shop.balance(BUYER)
        answers = await asyncio.gather(*(shop.capture(order_id, paypal_request_id="one") for _ in range(50)))
        assert sorted(answer.status_code for answer in answers) == [*[200] * 49, 201]
        assert len({answer.text for answer in answers}) == 1
        assert before - await shop.balance(BUYER) == 10_000
        assert await shop.events() == ["CHECKOUT.ORDER.APPROVED", "CHECKOUT.ORDER.COMPLETED"]

    async def test_fifty_at_once_with_fifty_request_ids(self, shop: Shop) -> None:
        order_id = await shop.approved()
        before = await shop.balance(BUYER)
        answers = await asyncio.gather(*(shop.capture(order_id, paypal_request_id=f"{number}") for number in range(50)))
        refused = [answer for answer in answers if answer.status_code != 201]
        assert len(refused) == 49
        assert {(answer.status_code, *issues(answer)) for answer in refused} == {(422, "ORDER_ALREADY_CAPTURED")}
        assert before - await shop.balance(BUYER) == 10_000

    async def test_fifty_refused_at_once_leave_it_approved(self, shop: Shop) -> None:
        order_id = (await shop.create())["id"]
        await shop.approve(order_id, POOR)
        answers = await asyncio.gather(*(shop.capture(order_id, paypal_request_id="one") for _ in range(50)))
        assert {(answer.status_code, *issues(answer)) for answer in answers} == {(422, "INSTRUMENT_DECLINED")}
        await shop.approve(order_id)
        assert (await shop.capture(order_id, paypal_request_id="one")).status_code == 201

    async def test_fifty_creations_at_once_with_one_request_id(self, shop: Shop) -> None:
        body = {"intent": "CAPTURE", "purchase_units": [unit()]}
        answers = await asyncio.gather(*(shop.post("", body, paypal_request_id="one") for _ in range(50)))
        assert sorted(answer.status_code for answer in answers) == [*[200] * 49, 201]
        assert (len({answer.json()["id"] for answer in answers}), await shop.count("orders")) == (1, 1)

    async def test_approving_and_patching_while_it_is_being_paid(self, shop: Shop) -> None:
        order_id = await shop.approved()
        amount = {"op": "replace", "path": "/purchase_units/@reference_id=='default'/amount", "value": usd("50.00")}
        captures = [shop.capture(order_id, paypal_request_id="one") for _ in range(5)]
        await asyncio.gather(*captures, *(shop.patch(order_id, amount) for _ in range(5)))
        shown = (await shop.get(order_id)).json()["purchase_units"][0]
        assert shown["amount"] == shown["payments"]["captures"][0]["amount"]


class TestRecovery:
    async def begin(self, shop: Shop, seconds: float = 4) -> str:
        """An order whose capture was begun by somebody who died."""
        order_id = await shop.approved()
        key = f"sandbox-client-id orders.capture /v2/checkout/orders/{order_id}/capture one"
        sql = "UPDATE orders SET paying_at = now() - make_interval(secs => $2), paying_request = $3 WHERE id = $1"
        await shop.orders.database.execute(sql, order_id, float(seconds), key)
        return order_id

    async def test_a_payment_that_fell_silent_is_finished(self, shop: Shop) -> None:
        order_id, before = await self.begin(shop), await shop.balance(BUYER)
        assert await shop.orders.running.worker.next_due() <= shop.orders.clock.now()  # type: ignore[operator]
        await shop.orders.running.worker.drain()
        assert (await shop.get(order_id)).json()["status"] == "COMPLETED"
        assert before - await shop.balance(BUYER) == 10_000
        assert await shop.events() == ["CHECKOUT.ORDER.APPROVED", "CHECKOUT.ORDER.COMPLETED"]

    async def test_its_request_gets_the_one_true_answer(self, shop: Shop) -> None:
        order_id = await self.begin(shop)
        await shop.orders.running.worker.drain()
        answer = await shop.capture(order_id, paypal_request_id="one")
        assert (answer.status_code, answer.json()["status"]) == (200, "COMPLETED")
        assert issues(await shop.capture(order_id, paypal_request_id="two")) == ["ORDER_ALREADY_CAPTURED"]

    async def test_its_request_need_not_wait_for_the_job(self, shop: Shop) -> None:
        order_id, before = await self.begin(shop, 0), await shop.balance(BUYER)
        answer = await shop.capture(order_id, paypal_request_id="one")
        assert (answer.status_code, answer.json()["status"]) == (200, "COMPLETED")
        assert before - await shop.balance(BUYER) == 10_000

    async def test_nothing_else_changes_what_is_being_paid(self, shop: Shop) -> None:
        order_id = await self.begin(shop, 0)
        for payer in (BUYER, POOR):
            with pytest.raises(OrderCompletionInProgress):
                await shop.approve(order_id, payer)
        answer = await shop.patch(order_id, {"op": "add", "path": "/payer", "value": {}})
        assert (answer.status_code, issues(answer)) == (422, ["ORDER_COMPLETION_IN_PROGRESS"])

    async def test_what_is_being_paid_does_not_expire(self, shop: Shop) -> None:
        order_id = await self.begin(shop, 0)
        shop.orders.clock.freeze()
        shop.orders.clock.move_to(shop.orders.clock.now() + timedelta(hours=4))
        assert (await shop.get(order_id)).status_code == 200
        assert (await shop.capture(order_id, paypal_request_id="one")).json()["status"] == "COMPLETED"

    async def test_a_payment_under_way_is_left_alone(self, shop: Shop) -> None:
        order_id = await self.begin(shop, 0)
        assert await shop.orders.running.worker.drain() == 1  # the event of the approval
        assert (await shop.get(order_id)).json()["status"] == "APPROVED"

    async def test_a_frozen_clock_does_not_stop_it_and_time_does_not_expire_it(self, shop: Shop) -> None:
        order_id = await self.begin(shop)
        shop.orders.clock.freeze()
        shop.orders.clock.move_to(shop.orders.clock.now() + timedelta(hours=4))
        await shop.orders.running.worker.drain()
        assert (await shop.get(order_id)).json()["status"] == "COMPLETED"

    async def test_a_payment_that_payments_made_is_not_made_again(self, shop: Shop) -> None:
        """The process died between the payment and its record."""
        order_id = await shop.approved()
        await shop.capture(order_id)
        before = await shop.balance(BUYER)
        await shop.orders.database.execute(
            "UPDATE orders SET status = 'APPROVED', paying_at = now() - interval '4 s', version = version + 1 WHERE id = $1", order_id
        )
        await shop.orders.running.worker.drain()
        assert (await shop.get(order_id)).json()["status"] == "COMPLETED"
        assert await shop.balance(BUYER) == before

    async def test_what_cannot_end_now_holds_back_no_other(self, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(paying, "_RECOVERED_TOGETHER", 1)
        first, second = await self.begin(shop, 6), await self.begin(shop, 5)
        shop.orders.beside["payments"].faults.plant(Fault("f", "payments.pay", "error", status=500, times=1))
        assert (await shop.events())[2:] == ["CHECKOUT.ORDER.COMPLETED"] * 2
        assert [event.subject for event in shop.orders.events] == [first, second, second, first]

    async def test_nor_does_what_fails_by_a_defect(self, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(paying, "_RECOVERED_TOGETHER", 1)
        broken, other = await self.begin(shop, 6), await self.begin(shop, 5)
        await shop.orders.database.execute("UPDATE orders SET funding = '{}' WHERE id = $1", broken)
        for _ in range(2):
            with pytest.raises(KeyError):
                await shop.orders.running.worker.drain()
        assert (await shop.get(other)).json()["status"] == "COMPLETED"

    async def test_what_there_was_no_time_for_keeps_its_place(self, shop: Shop) -> None:
        order_id, silent = await self.begin(shop), "SELECT paying_at FROM orders WHERE id = $1"
        before = await shop.orders.database.row(silent, order_id)
        recovery = next(job for job in shop.orders.service.jobs if job.name == "orders.recover")
        token = TRAIL.set(new_trail(0, sampled=False))
        try:
            assert await recovery.run() == 0
        finally:
            TRAIL.reset(token)
        assert await shop.orders.database.row(silent, order_id) == before
        await shop.orders.running.worker.drain()
        assert (await shop.get(order_id)).json()["status"] == "COMPLETED"

    async def test_what_ended_since_it_was_found_is_left_alone(self, shop: Shop) -> None:
        await self.begin(shop, 6)
        refused = await self.begin(shop, 5)
        shop.orders.beside["payments"].faults.plant(Fault("f", "payments.pay", "latency", milliseconds=500, times=1))
        recovering = asyncio.create_task(shop.orders.running.worker.drain())
        while not shop.orders.beside["payments"].faults.rules()[0].hits:  # noqa: ASYNC110 - nobody tells that it is there
            await asyncio.sleep(0.01)
        repository = Repository(shop.orders.database)
        begun = await repository.load(refused)
        assert begun is not None
        await repository.refuse(begun)  # its maker, after all
        await recovering
        assert (await shop.get(refused)).json()["status"] == "APPROVED"

    async def test_a_refused_one_goes_back(self, shop: Shop) -> None:
        order_id = (await shop.create())["id"]
        await shop.approve(order_id, POOR)
        await shop.orders.database.execute("UPDATE orders SET paying_at = now() - interval '4 s' WHERE id = $1", order_id)
        await shop.orders.running.worker.drain()
        await shop.approve(order_id)
        assert (await shop.capture(order_id)).status_code == 201
