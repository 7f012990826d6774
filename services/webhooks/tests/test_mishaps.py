"""Faults that an operator plants around deliveries."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest

from farthing.kit.faults import Fault, Kind
from services.webhooks.tests.conftest import OTHER, STORE, Receiver, Webhooks


def plant(webhooks: Webhooks, kind: Kind, times: int | None = 1, **options: Any) -> None:
    webhooks.single.faults.plant(Fault("F1", "webhooks.deliver", kind, times=times, **options))


@pytest.fixture
async def subscribed(webhooks: Webhooks, receiver: Receiver) -> Webhooks:
    webhooks.single.clock.freeze()
    await webhooks.app().subscribe(receiver.url())
    return webhooks


async def test_duplicate(subscribed: Webhooks, receiver: Receiver) -> None:
    plant(subscribed, "duplicate")
    await subscribed.happen("CAPTURE1")
    await subscribed.happen("CAPTURE2")
    await subscribed.drain()
    assert sorted(one.resource_id for one in receiver.received) in (
        ["CAPTURE1", "CAPTURE1", "CAPTURE2"],
        ["CAPTURE1", "CAPTURE2", "CAPTURE2"],
    )
    assert [(one["status"], len(one["attempts"])) for one in await subscribed.transmissions()] == [("SUCCESS", 1)] * 2


async def test_error_counts_as_a_failed_attempt(subscribed: Webhooks, receiver: Receiver) -> None:
    plant(subscribed, "error", status=502)
    await subscribed.happen("CAPTURE1")
    await subscribed.drain()
    (transmission,) = await subscribed.transmissions()
    assert receiver.received == []
    assert (transmission["status"], transmission["http_status"], transmission["reason_phrase"]) == ("PENDING", 502, "Bad Gateway")
    subscribed.single.clock.move_to(subscribed.single.clock.now() + timedelta(seconds=10))
    await subscribed.drain()
    assert len(receiver.received) == 1


async def test_lost_response_delivers_and_tries_again(subscribed: Webhooks, receiver: Receiver) -> None:
    plant(subscribed, "lost_response")
    await subscribed.happen("CAPTURE1")
    await subscribed.drain()
    (transmission,) = await subscribed.transmissions()
    assert (transmission["status"], transmission["reason_phrase"], len(receiver.received)) == ("PENDING", "no answer", 1)
    subscribed.single.clock.move_to(subscribed.single.clock.now() + timedelta(seconds=10))
    await subscribed.drain()
    assert len(receiver.received) == 2


async def test_delay_is_on_the_clock_and_lets_later_events_pass(subscribed: Webhooks, receiver: Receiver) -> None:
    plant(subscribed, "delay", times=None, by="PT2H", match={"event": "PAYMENT.CAPTURE.PENDING"})
    await subscribed.happen("CAPTURE1", "PAYMENT.CAPTURE.PENDING")
    await subscribed.happen("CAPTURE1", "PAYMENT.CAPTURE.COMPLETED")
    await subscribed.drain()
    assert [one.event["event_type"] for one in receiver.received] == ["PAYMENT.CAPTURE.COMPLETED"]
    subscribed.single.clock.move_to(subscribed.single.clock.now() + timedelta(hours=2, seconds=-1))
    await subscribed.drain()
    assert len(receiver.received) == 1
    subscribed.single.clock.move_to(subscribed.single.clock.now() + timedelta(seconds=1))
    await subscribed.drain()
    assert [one.event["event_type"] for one in receiver.received] == ["PAYMENT.CAPTURE.COMPLETED", "PAYMENT.CAPTURE.PENDING"]
    assert {(one["status"], len(one["attempts"])) for one in await subscribed.transmissions()} == {("SUCCESS", 1)}


async def test_latency(subscribed: Webhooks, receiver: Receiver) -> None:
    plant(subscribed, "latency", milliseconds=150)
    await subscribed.happen("CAPTURE1")
    started = time.perf_counter()
    await subscribed.drain()
    assert time.perf_counter() - started >= 0.15
    assert len(receiver.received) == 1


async def test_only_what_matches(subscribed: Webhooks, receiver: Receiver) -> None:
    rules = [
        ({"app": STORE[0]}, True),
        ({"app": OTHER[0]}, False),
        ({"order": "ORDER1"}, True),
        ({"order": "CAPTURE1"}, False),
        ({"buyer": "BUYER2345678"}, True),
        ({"buyer": "buyer@example.com"}, False),
        ({"event": "PAYMENT.CAPTURE.COMPLETED", "app": STORE[0]}, True),
    ]
    for match, hit in rules:
        plant(subscribed, "error", match=match)
        receiver.received.clear()
        await subscribed.happen("CAPTURE1", about={"order": "ORDER1", "buyer": "BUYER2345678"})
        await subscribed.drain()
        assert len(receiver.received) == (0 if hit else 1), match


async def test_what_an_older_release_says_is_delivered_and_fits_no_order(subscribed: Webhooks, receiver: Receiver) -> None:
    plant(subscribed, "error", match={"order": "CAPTURE1"})
    await subscribed.happen("CAPTURE1")
    await subscribed.drain()
    assert len(receiver.received) == 1
