"""What an event looks like on the wire, which subjects a service asks for, and in which waves events leave."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from farthing.kit.board import Doings
from farthing.kit.events import Event
from farthing.kit.faults import Fault
from farthing.kit.manifest import Manifest
from farthing.standalone.broker.doings import read, written
from farthing.standalone.broker.envelope import NoEvent, filters_of, subject_of, unwrap, widened, wrap
from farthing.standalone.broker.publishing import waves

REALLY = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)  # the platform's clock was moved
NOON = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)
EVENT = Event(
    "WH-1", "payments", "PAYMENT.CAPTURE.COMPLETED", "8AB", '{"id": "8AB", "amount": {"value": "10.00"}}', NOON, "00-ab-cd-01", 7, REALLY
)


def test_the_envelope_is_that_of_cloudevents() -> None:
    assert json.loads(wrap(EVENT)) == {
        "specversion": "1.0",
        "id": "WH-1",
        "source": "payments",
        "type": "PAYMENT.CAPTURE.COMPLETED",
        "subject": "8AB",
        "time": "2026-11-22T12:00:00.123456+00:00",
        "datacontenttype": "application/json",
        "sequence": "7",
        "traceparent": "00-ab-cd-01",
        "recordedtime": "2025-01-02T03:04:05+00:00",
        "data": {"id": "8AB", "amount": {"value": "10.00"}},
    }
    assert subject_of(EVENT) == "farthing.events.payments.PAYMENT.CAPTURE.COMPLETED"


def test_it_comes_back_as_it_went_whatever_a_newer_version_added() -> None:
    found = unwrap(json.dumps({**json.loads(wrap(EVENT)), "priority": 1}).encode())
    assert (found.id, found.source, found.type, found.subject, found.at, found.trace, found.recorded) == (
        EVENT.id,
        EVENT.source,
        EVENT.type,
        EVENT.subject,
        NOON,
        EVENT.trace,
        REALLY,
    )
    assert json.loads(found.data) == json.loads(EVENT.data)


def test_an_older_version_does_not_say_when_it_really_was() -> None:
    whole = json.loads(wrap(EVENT))
    del whole["recordedtime"]
    before = datetime.now(UTC)
    assert before <= unwrap(json.dumps(whole).encode()).recorded <= datetime.now(UTC)


@pytest.mark.parametrize(
    "change",
    [
        {"id": None},
        {"time": "noon"},
        {"recordedtime": "noon"},
        {"recordedtime": "2026-11-22T12:00:00"},
        {"time": "2026-11-22T12:00:00"},
        {"time": None},
        {"subject": "a\0b"},
        {"data": None},
    ],
)
def test_what_is_no_event(change: dict[str, str | None]) -> None:
    whole = json.loads(wrap(EVENT)) | change
    kept = {name: value for name, value in whole.items() if value is not None}
    with pytest.raises(NoEvent):
        unwrap(json.dumps(kept).encode())


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"7", b"\xff", b"null"])
def test_what_is_not_even_an_envelope(raw: bytes) -> None:
    with pytest.raises(NoEvent):
        unwrap(raw)


@pytest.mark.parametrize(
    ("consumes", "filters"),
    [
        (
            (("orders", "CHECKOUT.*"), ("payments", "PAYMENT.*")),
            {"farthing.events.orders.CHECKOUT.>", "farthing.events.payments.PAYMENT.>"},
        ),
        ((("orders", "*"), ("orders", "CHECKOUT.ORDER.APPROVED")), {"farthing.events.orders.>"}),
        ((("orders", "CHECKOUT.ORDER.A*"),), {"farthing.events.orders.CHECKOUT.ORDER.>"}),
        ((("orders", "CHECKOUT.ORDER.APPROVED"),), {"farthing.events.orders.CHECKOUT.ORDER.APPROVED"}),
    ],
)
def test_the_filters_let_through_at_least_what_is_consumed(consumes: tuple[tuple[str, str], ...], filters: set[str]) -> None:
    assert filters_of(Manifest("reader", "Reads.", consumes=consumes)) == filters


def test_a_version_that_knows_less_does_not_narrow_them() -> None:
    assert widened({"a.b.>", "c.d"}, {"a.b.x", "e"}) == {"a.b.>", "c.d", "e"}
    assert widened({"a.b.x"}, {"a.>"}) == {"a.>"}
    assert widened(set(), {"a"}) == {"a"}


def test_an_event_leaves_only_when_its_subjects_earlier_one_has_arrived() -> None:
    events = [Event(f"e{number}", "s", "t", subject, "{}", NOON) for number, subject in enumerate("aabacb")]
    assert [[event.id for event in wave] for wave in waves(events)] == [["e0", "e2", "e4"], ["e1", "e5"], ["e3"]]


def test_doings_come_back_as_they_went() -> None:
    fault = Fault("FAULT-1", "orders.create", "error", 503, "ISSUE", match={"app": "a"}, times=3, hits=1)
    doings = Doings(moved=NOON - datetime(2026, 1, 1, tzinfo=UTC), frozen=NOON, faults=(fault,), switches={"auto-approve": [{"app": "*"}]})
    assert read(written(doings)) == doings
    assert read(written(Doings())) == Doings()
    newer = json.loads(written(doings))
    newer["faults"][0]["colour"] = "red"
    assert read(json.dumps(newer).encode()) == doings
