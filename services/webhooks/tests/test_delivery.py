"""Events on their way to receivers."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import timedelta

import asyncpg
import pytest

from farthing.kit.clock import wire_time
from farthing.kit.settings import Settings
from services.webhooks.tests.conftest import OTHER, SIBLING, STORE, Receiver, StartReceiver, Webhooks, genuine
from tests.postgres import PostgresServer
from tests.single import StartSingle


class TestFirstDelivery:
    async def test_is_signed_as_documented(self, webhooks: Webhooks, receiver: Receiver) -> None:
        app = webhooks.app()
        webhook_id = await app.subscribe(receiver.url())
        await webhooks.happen("CAPTURE1", amount={"currency_code": "EUR", "value": "10.00"}, note="Zürich ☃ \u2028")
        await webhooks.drain()
        (request,) = receiver.received
        certificate = await app.certificate(request.headers["paypal-cert-url"])
        assert genuine(request, webhook_id, certificate)
        assert not genuine(request, "ANOTHER", certificate)
        assert request.headers["paypal-auth-algo"] == "SHA256withRSA"
        assert request.headers["paypal-auth-version"] == "v2"
        assert request.headers["content-type"] == "application/json"

    async def test_carries_the_event(self, webhooks: Webhooks, receiver: Receiver) -> None:
        webhooks.single.clock.freeze()
        await webhooks.app().subscribe(receiver.url("/a/b?c=d"))
        await webhooks.happen("CAPTURE1", amount={"currency_code": "EUR", "value": "10.00"})
        await webhooks.drain()
        (request,) = receiver.received
        event = request.event
        here = f"http://127.0.0.1:8080/v1/notifications/webhooks-events/{event['id']}"
        assert request.path == "/a/b?c=d"
        assert event["id"].startswith("WH-")
        assert {name: value for name, value in event.items() if name != "id"} == {
            "event_version": "1.0",
            "create_time": wire_time(webhooks.single.clock.now()),
            "resource_type": "capture",
            "resource_version": "2.0",
            "event_type": "PAYMENT.CAPTURE.COMPLETED",
            "summary": "Something happened",
            "resource": {"id": "CAPTURE1", "amount": {"currency_code": "EUR", "value": "10.00"}},
            "links": [
                {"href": here, "rel": "self", "method": "GET"},
                {"href": f"{here}/resend", "rel": "resend", "method": "POST"},
            ],
        }

    async def test_goes_only_where_it_is_wanted(self, webhooks: Webhooks, start_receiver: StartReceiver) -> None:
        wanting, unwilling, sibling, stranger = [await start_receiver() for _ in range(4)]
        await webhooks.app().subscribe(wanting.url(), "PAYMENT.CAPTURE.COMPLETED")
        await webhooks.app().subscribe(unwilling.url(), "PAYMENT.CAPTURE.DENIED", "CHECKOUT.ORDER.APPROVED")
        await webhooks.app(SIBLING).subscribe(sibling.url())
        await webhooks.app(OTHER).subscribe(stranger.url())
        await webhooks.happen("CAPTURE1")
        await webhooks.drain()
        assert [len(one.received) for one in (wanting, unwilling, sibling, stranger)] == [1, 0, 0, 0]

    async def test_a_lookup_brings_the_other_events_of_the_account(self, webhooks: Webhooks, receiver: Receiver) -> None:
        webhook_id = await webhooks.app(SIBLING).subscribe(receiver.url())
        await webhooks.app(SIBLING).call("POST", "/webhooks-lookup", status=201)
        await webhooks.happen("OF-THE-ACCOUNT", who=STORE)
        await webhooks.happen("OF-THE-APP", who=SIBLING)
        await webhooks.happen("OF-ANOTHER", who=OTHER)
        await webhooks.drain()
        assert sorted(one.resource_id for one in receiver.received) == ["OF-THE-ACCOUNT", "OF-THE-APP"]
        assert {one["webhook_id"] for one in await webhooks.transmissions(SIBLING)} == {webhook_id}
        assert await webhooks.transmissions(STORE) == []

    async def test_what_nobody_wants_is_not_kept(self, webhooks: Webhooks, receiver: Receiver) -> None:
        await webhooks.app(OTHER).subscribe(receiver.url())
        await webhooks.happen("CAPTURE1")
        await webhooks.drain()
        assert (await webhooks.count("events"), await webhooks.count("deliveries")) == (0, 0)

    async def test_an_event_said_twice_is_told_once(self, webhooks: Webhooks, receiver: Receiver) -> None:
        await webhooks.app().subscribe(receiver.url())
        event = webhooks.said("SAID", "CAPTURE1", "PAYMENT.CAPTURE.COMPLETED")
        handler = webhooks.single.service.handlers[event.type]
        await asyncio.gather(handler(event), handler(event))
        await webhooks.drain()
        await handler(event)
        await webhooks.drain()
        assert len(receiver.received) == 1

    async def test_a_name_of_a_newer_release_is_delivered_too(self, webhooks: Webhooks, receiver: Receiver) -> None:
        await webhooks.app().subscribe(receiver.url())
        await webhooks.happen("CAPTURE1", "PAYMENT.CAPTURE.SPLIT")
        await webhooks.drain()
        assert [one.event["event_type"] for one in receiver.received] == ["PAYMENT.CAPTURE.SPLIT"]


class TestOrder:
    async def test_first_attempts_of_one_resource_leave_one_after_the_other(self, working: Webhooks, receiver: Receiver) -> None:
        receiver.pause = 0.02
        await working.app().subscribe(receiver.url())
        names = [f"PAYMENT.CAPTURE.N{number}" for number in range(12)]
        await working.receive(*(working.said(f"E{number:02}", "CAPTURE1", name) for number, name in enumerate(names)))
        await receiver.has(12)
        assert [one.event["event_type"] for one in receiver.received] == names
        assert receiver.most_at_once == 1

    async def test_resources_do_not_wait_for_each_other(self, working: Webhooks, receiver: Receiver) -> None:
        receiver.pause = 0.3
        await working.app().subscribe(receiver.url())
        await working.receive(*(working.said(f"E{number:02}", f"CAPTURE{number}", "PAYMENT.CAPTURE.COMPLETED") for number in range(12)))
        await receiver.has(12)
        assert receiver.most_at_once == 8  # and no more: what one URL may have on its way

    async def test_a_failed_first_attempt_lets_the_next_event_pass(self, webhooks: Webhooks, receiver: Receiver) -> None:
        receiver.answers = [500]
        await webhooks.app().subscribe(receiver.url())
        await webhooks.happen("CAPTURE1", "PAYMENT.CAPTURE.PENDING")
        await webhooks.happen("CAPTURE1", "PAYMENT.CAPTURE.COMPLETED")
        await webhooks.drain()
        assert [one.event["event_type"] for one in receiver.received] == ["PAYMENT.CAPTURE.PENDING", "PAYMENT.CAPTURE.COMPLETED"]


class TestFailure:
    async def test_is_every_answer_but_2xx(self, webhooks: Webhooks, receiver: Receiver) -> None:
        await webhooks.app().subscribe(receiver.url())
        answers: list[int | str] = [500, 404, 410, 300, "close"]
        for number, answer in enumerate(answers):
            receiver.answers = [answer]
            await webhooks.happen(f"CAPTURE{number}")
            await webhooks.drain()
            transmission = (await webhooks.transmissions())[0]
            assert (transmission["status"], len(transmission["attempts"])) == ("PENDING", 1)
            assert transmission.get("http_status") == (answer if isinstance(answer, int) else None)

    @pytest.mark.parametrize(
        ("phrase", "kept"), [(b"R\xe9ussi", "R?ussi"), ("Réussi".encode(), "Réussi"), (b"x" * 500, "x" * 100), (b"", "")]
    )
    async def test_any_reason_phrase_is_recorded(self, webhooks: Webhooks, receiver: Receiver, phrase: bytes, kept: str) -> None:
        receiver.phrase = phrase
        await webhooks.app().subscribe(receiver.url())
        await webhooks.happen("CAPTURE1")
        async with asyncio.timeout(5):
            await webhooks.drain()
        (transmission,) = await webhooks.transmissions()
        assert (transmission["status"], transmission["http_status"], transmission["reason_phrase"]) == ("SUCCESS", 200, kept)
        assert len(receiver.received) == 1

    async def test_a_url_of_an_earlier_release_that_leads_nowhere(self, webhooks: Webhooks, receiver: Receiver) -> None:
        webhook_id = await webhooks.app().subscribe(receiver.url())
        url = "http://shop..example/hook"  # no longer accepted
        await webhooks.single.database.execute("UPDATE webhooks SET url = $2 WHERE id = $1", webhook_id, url)
        await webhooks.happen("CAPTURE1")
        async with asyncio.timeout(5):
            await webhooks.drain()
        (transmission,) = await webhooks.transmissions()
        assert (transmission["status"], transmission["reason_phrase"]) == ("PENDING", "address refused")

    async def test_an_outcome_that_cannot_be_recorded_is_a_failed_attempt(
        self, webhooks: Webhooks, receiver: Receiver, postgres_server: PostgresServer
    ) -> None:
        """Else it would be repeated for ever, and the resource's later events would wait for ever."""
        owner = await asyncpg.connect(postgres_server.dsn(webhooks.single.place))
        await owner.execute("ALTER TABLE webhooks.attempts ADD CHECK (http_status <> 299)")
        await owner.close()
        webhooks.single.clock.freeze()
        receiver.answers = [299]
        await webhooks.app().subscribe(receiver.url())
        await webhooks.happen("CAPTURE1", "PAYMENT.CAPTURE.PENDING")
        await webhooks.happen("CAPTURE1", "PAYMENT.CAPTURE.COMPLETED")
        async with asyncio.timeout(5):
            await webhooks.drain()
        later, first = await webhooks.transmissions()
        assert (first["status"], len(first["attempts"]), first["reason_phrase"]) == ("PENDING", 1, "internal error")
        assert (later["status"], len(receiver.received)) == ("SUCCESS", 2)
        due = await webhooks.single.running.worker.next_due()
        assert due is not None
        assert due - webhooks.single.clock.now() >= timedelta(seconds=10)

    async def test_a_redirect_is_not_followed(self, webhooks: Webhooks, start_receiver: StartReceiver) -> None:
        redirecting, elsewhere = await start_receiver(), await start_receiver()
        redirecting.answer, redirecting.location = 307, elsewhere.url()
        await webhooks.app().subscribe(redirecting.url())
        await webhooks.happen("CAPTURE1")
        await webhooks.drain()
        assert (len(redirecting.received), len(elsewhere.received)) == (1, 0)

    async def test_nobody_listens(self, webhooks: Webhooks, start_receiver: StartReceiver) -> None:
        await webhooks.app().subscribe("http://127.0.0.1:9/nobody")
        await webhooks.happen("CAPTURE1")
        await webhooks.drain()
        (transmission,) = await webhooks.transmissions()
        assert (transmission["status"], transmission["reason_phrase"]) == ("PENDING", "no connection")

    async def test_25_attempts_at_25_times_within_3_days(self, webhooks: Webhooks, receiver: Receiver) -> None:
        clock, receiver.answer = webhooks.single.clock, 500
        clock.freeze()
        start = clock.now()
        webhook_id = await webhooks.app().subscribe(receiver.url())
        await webhooks.happen("CAPTURE1")
        await webhooks.drain()
        while (due := await webhooks.single.running.worker.next_due()) is not None and due - start < timedelta(days=29):
            assert due > clock.now()
            clock.move_to(due)
            await webhooks.drain()
        assert len(receiver.received) == 25
        certificate = await webhooks.app().certificate(receiver.received[0].headers["paypal-cert-url"])
        assert all(genuine(request, webhook_id, certificate) for request in receiver.received)
        assert len({request.headers["paypal-transmission-id"] for request in receiver.received}) == 1
        (transmission,) = await webhooks.transmissions()
        times = [attempt["timestamp"] for attempt in transmission["attempts"]]
        assert times == [request.headers["paypal-transmission-time"] for request in receiver.received]
        assert len(set(times)) == 25
        assert timedelta(days=2) < clock.now() - start <= timedelta(days=3)
        assert (transmission["status"], transmission["http_status"]) == ("FAILURE", 500)
        assert "next_attempt_time" not in transmission

    async def test_a_later_success_ends_it(self, webhooks: Webhooks, receiver: Receiver) -> None:
        clock, receiver.answers = webhooks.single.clock, [503, "close", 204]
        clock.freeze()
        await webhooks.app().subscribe(receiver.url())
        await webhooks.happen("CAPTURE1")
        for _ in range(5):
            await webhooks.drain()
            clock.move_to(clock.now() + timedelta(hours=5))
        (transmission,) = await webhooks.transmissions()
        assert transmission["status"] == "SUCCESS"
        assert [attempt.get("http_status") for attempt in transmission["attempts"]] == [503, None, 204]
        assert len(receiver.received) == 3

    async def test_slow_and_failing_receivers_hold_nobody_else_back(self, working: Webhooks, start_receiver: StartReceiver) -> None:
        hanging, failing, sound = [await start_receiver() for _ in range(3)]
        hanging.answer, failing.answer = "hang", 500
        for one in (hanging, failing, sound):
            await working.app().subscribe(one.url())
        await working.happen("FIRST")
        await hanging.has(1)
        for number in range(40):
            await working.happen(f"CAPTURE{number}")
        await sound.has(41, timeout=8)
        assert len(hanging.received) <= 8

    async def test_the_time_limit_ends_an_attempt(self, single: StartSingle, receiver: Receiver) -> None:
        settings = Settings(environment={"FARTHING_WEBHOOKS_TIMEOUT": "0.2"})
        webhooks, receiver.answers = Webhooks(await single("webhooks", settings=settings)), ["hang"]
        await webhooks.app().subscribe(receiver.url())
        await webhooks.happen("CAPTURE1")
        await webhooks.drain()
        (transmission,) = await webhooks.transmissions()
        assert (transmission["status"], transmission["reason_phrase"]) == ("PENDING", "timeout")


class TestReplicas:
    async def test_two_workers_deliver_once(self, single: StartSingle, receiver: Receiver) -> None:
        first = Webhooks(await single("webhooks", working=True))
        second = Webhooks(await single("webhooks", working=True, database=first.single.place))
        receiver.pause = 0.01
        await first.app().subscribe(receiver.url())
        events = [first.said(f"E{number:03}", f"CAPTURE{number % 20}", "PAYMENT.CAPTURE.COMPLETED") for number in range(100)]
        await first.receive(*events[:50])
        await second.receive(*events[50:])
        await receiver.has(100)
        await asyncio.sleep(0.2)
        ids = [request.headers["paypal-transmission-id"] for request in receiver.received]
        assert (len(ids), len(set(ids))) == (100, 100)
        statuses = [one["status"] for one in await first.transmissions()]
        assert statuses == ["SUCCESS"] * 100

    async def test_a_crash_in_the_middle_delivers_again(self, single: StartSingle, receiver: Receiver) -> None:
        first = Webhooks(await single("webhooks"))
        receiver.answers = ["hang"]
        await first.app().subscribe(receiver.url())
        await first.happen("CAPTURE1")
        draining = asyncio.create_task(first.drain())
        await receiver.has(1)
        draining.cancel()
        first.single.service.forget()  # as the crash: the attempt ends without a trace
        second = Webhooks(await single("webhooks", database=first.single.place))
        draining = asyncio.create_task(second.drain())
        await asyncio.sleep(0.2)
        assert len(receiver.received) == 1  # the lease of the dead process is respected, and waited for
        assert not draining.done()
        await second.single.database.execute("UPDATE deliveries SET leased_until = now() - interval '1 second'")
        await draining
        (transmission,) = await second.transmissions()
        assert len(receiver.received) == 2
        assert (transmission["status"], len(transmission["attempts"])) == ("SUCCESS", 1)

    async def test_a_stopped_process_gives_back_what_it_has(self, single: StartSingle, receiver: Receiver) -> None:
        first = Webhooks(await single("webhooks"))
        receiver.answers = ["hang"]
        await first.app().subscribe(receiver.url())
        await first.happen("CAPTURE1")
        draining = asyncio.create_task(first.drain())
        await receiver.has(1)
        draining.cancel()
        assert first.single.service.stop is not None
        await first.single.service.stop()
        second = Webhooks(await single("webhooks", database=first.single.place))
        await second.drain()
        assert [one["status"] for one in await second.transmissions()] == ["SUCCESS"]

    async def test_an_attempt_that_outlived_its_lease_changes_nothing(self, single: StartSingle, receiver: Receiver) -> None:
        first = Webhooks(await single("webhooks"))
        second = Webhooks(await single("webhooks", database=first.single.place))
        receiver.answers = ["hang", 200]
        await first.app().subscribe(receiver.url())
        await first.happen("CAPTURE1")
        slow = asyncio.create_task(first.drain())
        await receiver.has(1)
        await second.single.database.execute("UPDATE deliveries SET leased_until = now() - interval '1 second'")
        await second.drain()
        receiver.hung.set()  # the first connection ends without an answer: a failed attempt, but too late to count
        await slow
        await asyncio.sleep(0.05)
        (transmission,) = await first.transmissions()
        assert (transmission["status"], [one["http_status"] for one in transmission["attempts"]]) == ("SUCCESS", [200])


class TestKey:
    async def test_survives_a_restart_and_is_one_for_all(self, single: StartSingle, receiver: Receiver) -> None:
        first = Webhooks(await single("webhooks"))
        second = Webhooks(await single("webhooks", database=first.single.place))
        await first.app().subscribe(receiver.url())
        for webhooks, subject in ((first, "CAPTURE1"), (second, "CAPTURE2")):
            await webhooks.happen(subject)
        await asyncio.gather(first.drain(), second.drain())
        urls = {request.headers["paypal-cert-url"] for request in receiver.received}
        assert len(receiver.received) == 2
        assert len(urls) == 1
        kept = await first.single.database.row("SELECT obj_description('signing_keys'::regclass, 'pg_class') AS comment")
        assert kept is not None
        assert kept["comment"] == "farthing:keep"

    async def test_an_unknown_certificate(self, webhooks: Webhooks) -> None:
        found = await webhooks.single.http.get("/v1/notifications/certs/CERT-00000000-00000000-00000000")
        assert (found.status_code, found.json()["name"]) == (404, "INVALID_RESOURCE_ID")


OUTCOMES = ("delivered", "failed", "given_up", "postponed")


class TestMeasures:
    async def test_attempts_and_delay_are_counted(self, webhooks: Webhooks, receiver: Receiver) -> None:
        receiver.answers = [500]
        webhooks.single.clock.freeze()
        await webhooks.app().subscribe(receiver.url())
        await webhooks.happen("CAPTURE1")
        for _ in range(2):
            webhooks.single.clock.move_to(webhooks.single.clock.now() + timedelta(days=1))
            await webhooks.drain()
        value = webhooks.single.host.metrics.registry.get_sample_value
        counted = {outcome: value("farthing_webhook_deliveries_total", {"service": "webhooks", "outcome": outcome}) for outcome in OUTCOMES}
        assert counted == {"delivered": 1, "failed": 1, "given_up": 0, "postponed": 0}
        assert value("farthing_webhook_delivery_delay_seconds_count", {"service": "webhooks"}) == 1  # the first attempt alone, in real time
        within = value("farthing_webhook_delivery_delay_seconds_bucket", {"service": "webhooks", "le": "300.0"})
        assert within == 1  # the clock went a day on before it, real time did not


def test_a_start_does_not_pay_for_deliveries() -> None:
    """The import of aiohttp costs 300 ms and more: it happens when the first delivery needs it."""
    program = "import sys, farthing.webhooks.service; sys.exit('aiohttp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
