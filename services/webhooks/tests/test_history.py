"""Apps look at what they were told, and have it sent again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote

from farthing.clients.webhooks.client import WebhooksClient
from farthing.kit.clock import wire_time
from services.webhooks.tests.conftest import OTHER, ROOT, Receiver, StartReceiver, Webhooks, genuine


async def events_of(webhooks: Webhooks, query: str = "") -> list[str]:
    """Resource ids of the app's events."""
    found = await webhooks.app().call("GET", f"/webhooks-events{query}")
    assert found["count"] == len(found["events"])
    return [event["resource"]["id"] for event in found["events"]]


class TestList:
    async def test_newest_first_with_their_deliveries(self, webhooks: Webhooks, receiver: Receiver) -> None:
        receiver.answers = [200, 500]
        webhooks.single.clock.freeze()
        webhook_id = await webhooks.app().subscribe(receiver.url())
        for subject in ("CAPTURE1", "CAPTURE2"):
            await webhooks.happen(subject)
            await webhooks.drain()
        now = wire_time(webhooks.single.clock.now())
        later = wire_time(webhooks.single.clock.now() + timedelta(seconds=10))
        second, first = (await webhooks.app().call("GET", "/webhooks-events"))["events"]
        assert (first["resource"]["id"], first["status"]) == ("CAPTURE1", "SUCCESS")
        assert (second["resource"]["id"], second["status"]) == ("CAPTURE2", "PENDING")
        ids = [request.headers["paypal-transmission-id"] for request in receiver.received]
        seen = {"http_status": 200, "reason_phrase": "Whatever", "timestamp": now}
        target = {"webhook_id": webhook_id, "webhook_url": receiver.url()}
        assert first["transmissions"] == [
            {**target, "transmission_id": ids[0], "status": "SUCCESS", **seen, "attempts": [{"number": 1, **seen}]}
        ]
        seen["http_status"] = 500
        pending = {"status": "PENDING", "next_attempt_time": later}
        assert second["transmissions"] == [{**target, "transmission_id": ids[1], **pending, **seen, "attempts": [{"number": 1, **seen}]}]

    async def test_filters(self, webhooks: Webhooks, receiver: Receiver) -> None:
        clock = webhooks.single.clock
        clock.freeze()
        await webhooks.app().subscribe(receiver.url())
        times = []
        for number in range(3):
            related = {"related_ids": {"order_id": f"ORDER{number}"}}
            await webhooks.happen(
                f"CAPTURE{number}", ["PAYMENT.CAPTURE.COMPLETED", "PAYMENT.CAPTURE.PENDING"][number % 2], supplementary_data=related
            )
            await webhooks.drain()
            times.append(clock.now())
            clock.move_to(clock.now() + timedelta(hours=1))
        start, end = (quote(time.isoformat()) for time in times[1:])
        assert await events_of(webhooks, f"?start_time={start}") == ["CAPTURE2", "CAPTURE1"]
        assert await events_of(webhooks, f"?start_time={start}&end_time={start}") == ["CAPTURE1"]
        assert await events_of(webhooks, f"?end_time={times[0].isoformat()}") == ["CAPTURE0"]  # its plus sign not escaped
        assert await events_of(webhooks, f"?end_time={end}&event_type=PAYMENT.CAPTURE.COMPLETED") == ["CAPTURE2", "CAPTURE0"]
        assert await events_of(webhooks, "?transaction_id=CAPTURE1") == ["CAPTURE1"]
        assert await events_of(webhooks, "?transaction_id=ORDER2") == ["CAPTURE2"]
        assert await events_of(webhooks, "?transaction_id=ORDER2&event_type=PAYMENT.CAPTURE.PENDING") == []

    async def test_pages_can_be_walked_both_ways(self, webhooks: Webhooks, receiver: Receiver) -> None:
        await webhooks.app().subscribe(receiver.url())
        for number in range(12):
            await webhooks.happen(f"CAPTURE{number:02}")
            await webhooks.drain()
        expected = [f"CAPTURE{number:02}" for number in reversed(range(12))]

        async def page(url: str) -> tuple[list[str], dict[str, str]]:
            found: dict[str, Any] = await webhooks.app().call("GET", url.partition(ROOT)[2])
            assert found["links"][0]["rel"] == "self"
            return [one["resource"]["id"] for one in found["events"]], {one["rel"]: one["href"] for one in found["links"]}

        assert await events_of(webhooks) == expected[:10]
        first, links = await page(f"{ROOT}/webhooks-events?page_size=5&event_type=PAYMENT.CAPTURE.COMPLETED")
        assert (first, sorted(links)) == (expected[:5], ["next", "self"])
        second, links = await page(links["next"])
        assert (second, sorted(links)) == (expected[5:10], ["next", "prev", "self"])
        third, last = await page(links["next"])
        assert (third, sorted(last)) == (expected[10:], ["prev", "self"])
        back, links = await page(last["prev"])
        assert (back, sorted(links)) == (expected[5:10], ["next", "prev", "self"])
        front, links = await page(links["prev"])
        assert (front, sorted(links)) == (expected[:5], ["next", "self"])

    async def test_only_the_own_events(self, webhooks: Webhooks, receiver: Receiver) -> None:
        await webhooks.app(OTHER).subscribe(receiver.url())
        await webhooks.happen("CAPTURE1", who=OTHER)
        await webhooks.drain()
        assert await events_of(webhooks) == []
        (event,) = (await webhooks.app(OTHER).call("GET", "/webhooks-events"))["events"]
        assert (await webhooks.app().refused("GET", f"/webhooks-events/{event['id']}", status=404))[0] == "INVALID_RESOURCE_ID"
        assert (await webhooks.app().refused("POST", f"/webhooks-events/{event['id']}/resend", {}, 404))[0] == "INVALID_RESOURCE_ID"

    async def test_refuses_filters_that_make_no_sense(self, webhooks: Webhooks) -> None:
        queries = ["page_size=0", "page_size=301", "page_size=ten", "page_size=%C2%B2", "older=x"]
        for query in [*queries, "start_time=yesterday", "end_time=2026-13-01T00:00:00Z", "end_time=0001-01-01T00:00:00%2B09:00"]:
            expected = ("VALIDATION_ERROR", "INVALID_PARAMETER_VALUE", query.partition("=")[0])
            assert await webhooks.app().refused("GET", f"/webhooks-events?{query}") == expected

    async def test_kept_for_30_days(self, webhooks: Webhooks, receiver: Receiver) -> None:
        clock = webhooks.single.clock
        clock.freeze()
        await webhooks.app().subscribe(receiver.url())
        await webhooks.happen("CAPTURE1")
        await webhooks.drain()
        clock.move_to(clock.now() + timedelta(days=29, hours=23))
        await webhooks.happen("CAPTURE2")
        await webhooks.drain()
        assert await events_of(webhooks) == ["CAPTURE2", "CAPTURE1"]
        clock.move_to(clock.now() + timedelta(hours=1))
        await webhooks.drain()
        assert await events_of(webhooks) == ["CAPTURE2"]
        assert [await webhooks.count(table) for table in ("events", "deliveries", "attempts")] == [1, 1, 1]


class TestGet:
    async def test_is_the_event_as_it_was_sent_and_its_deliveries(self, webhooks: Webhooks, receiver: Receiver) -> None:
        await webhooks.app().subscribe(receiver.url())
        await webhooks.happen("CAPTURE1")
        await webhooks.drain()
        sent = receiver.received[0].event
        found = await webhooks.app().call("GET", f"/webhooks-events/{sent['id']}")
        assert {name: found[name] for name in sent} == sent
        assert (found["status"], len(found["transmissions"])) == ("SUCCESS", 1)

    async def test_unknown(self, webhooks: Webhooks) -> None:
        assert (await webhooks.app().refused("GET", "/webhooks-events/WH-X-Y", status=404))[0] == "INVALID_RESOURCE_ID"


class TestResend:
    async def test_goes_to_all_that_had_it(self, webhooks: Webhooks, start_receiver: StartReceiver) -> None:
        first, second, late = [await start_receiver() for _ in range(3)]
        ids = [await webhooks.app().subscribe(one.url()) for one in (first, second)]
        await webhooks.happen("CAPTURE1")
        await webhooks.drain()
        await webhooks.app().subscribe(late.url())
        event_id = first.received[0].event["id"]
        answer = await webhooks.app().call("POST", f"/webhooks-events/{event_id}/resend", status=202)
        assert (answer["id"], answer["status"], len(answer["transmissions"])) == (event_id, "PENDING", 4)
        await webhooks.drain()
        assert [len(one.received) for one in (first, second, late)] == [2, 2, 0]
        again = first.received[1]
        assert again.body == first.received[0].body
        assert again.headers["paypal-transmission-id"] != first.received[0].headers["paypal-transmission-id"]
        assert genuine(again, ids[0], await webhooks.app().certificate(again.headers["paypal-cert-url"]))

    async def test_goes_to_the_named_ones(self, webhooks: Webhooks, start_receiver: StartReceiver) -> None:
        first, late = [await start_receiver() for _ in range(2)]
        await webhooks.app().subscribe(first.url())
        await webhooks.happen("CAPTURE1")
        await webhooks.drain()
        webhook_id = await webhooks.app().subscribe(late.url(), "CHECKOUT.ORDER.APPROVED")
        path = f"/webhooks-events/{first.received[0].event['id']}/resend"
        await webhooks.app().call("POST", path, {"webhook_ids": [webhook_id]}, 202)
        await webhooks.drain()
        assert [len(one.received) for one in (first, late)] == [1, 1]

    async def test_after_it_was_given_up(self, webhooks: Webhooks, receiver: Receiver) -> None:
        receiver.answer = 500
        await webhooks.app().subscribe(receiver.url())
        await webhooks.happen("CAPTURE1")
        await webhooks.drain()
        await webhooks.single.database.execute("UPDATE deliveries SET status = 'FAILURE'")
        path = f"/webhooks-events/{receiver.received[0].event['id']}"
        assert (await webhooks.app().call("GET", path))["status"] == "FAILURE"
        receiver.answer = 200
        await webhooks.app().call("POST", f"{path}/resend", {}, 202)
        await webhooks.drain()
        found = await webhooks.app().call("GET", path)
        assert (found["status"], [one["status"] for one in found["transmissions"]]) == ("SUCCESS", ["FAILURE", "SUCCESS"])

    async def test_what_waited_for_a_deleted_webhook_has_failed(self, webhooks: Webhooks, receiver: Receiver) -> None:
        receiver.answer = 500
        webhook_id = await webhooks.app().subscribe(receiver.url())
        await webhooks.happen("CAPTURE1")
        await webhooks.drain()
        await webhooks.app().call("DELETE", f"/webhooks/{webhook_id}", status=204)
        (found,) = (await webhooks.app().call("GET", "/webhooks-events"))["events"]
        (transmission,) = found["transmissions"]
        assert (found["status"], transmission["status"], transmission["http_status"]) == ("FAILURE", "FAILURE", 500)
        assert len(transmission["attempts"]) == 1
        webhooks.single.clock.move_to(webhooks.single.clock.now() + timedelta(days=3))
        await webhooks.drain()
        assert len(receiver.received) == 1

    async def test_an_event_that_no_delivery_is_known_of_was_not_delivered(self, webhooks: Webhooks, receiver: Receiver) -> None:
        await webhooks.app().subscribe(receiver.url())
        await webhooks.happen("CAPTURE1")
        await webhooks.drain()
        await webhooks.single.database.execute("DELETE FROM deliveries")
        (found,) = (await webhooks.app().call("GET", "/webhooks-events"))["events"]
        assert (found["status"], found["transmissions"]) == ("FAILURE", [])

    async def test_refuses_webhooks_of_others(self, webhooks: Webhooks, receiver: Receiver) -> None:
        await webhooks.app().subscribe(receiver.url())
        foreign = await webhooks.app(OTHER).subscribe(receiver.url())
        await webhooks.happen("CAPTURE1")
        await webhooks.drain()
        path = f"/webhooks-events/{receiver.received[0].event['id']}/resend"
        expected = ("INVALID_RESOURCE_ID", "INVALID_RESOURCE_ID", "/webhook_ids")
        assert await webhooks.app().refused("POST", path, {"webhook_ids": [foreign]}, 404) == expected
        assert (await webhooks.app().refused("POST", path, {"webhook_ids": "X"}))[0] == "VALIDATION_ERROR"
        await webhooks.drain()
        assert len(receiver.received) == 1


async def test_the_operator_sees_deliveries_without_their_content(webhooks: Webhooks, receiver: Receiver) -> None:
    webhook_id = await webhooks.app().subscribe(receiver.url())
    for subject in ("CAPTURE1", "CAPTURE2"):
        await webhooks.happen(subject)
        await webhooks.drain()
    found = (await webhooks.single.client(WebhooksClient).deliveries(limit=1)).deliveries
    assert [(one.event_id, one.webhook_id, one.status, one.attempts, one.next_attempt) for one in found] == [
        (receiver.received[1].event["id"], webhook_id, "SUCCESS", 1, None)
    ]
