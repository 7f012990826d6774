from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from farthing.kit.clock import Clock
from farthing.kit.db import Database
from farthing.kit.errors import NotFound, Unavailable
from farthing.kit.events import REFUSALS, Event, Inbox, Relay
from farthing.kit.manifest import Manifest
from farthing.kit.telemetry import Log, Metrics, Tracing
from farthing.kit.work import Worker

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
EMITTER = Manifest("shop", "Sells.", emits=("shop.sold",))
READER = Manifest("reader", "Reads.", consumes=(("shop", "shop.*"),))


class Post:
    """A transport that remembers, and can refuse."""

    def __init__(self) -> None:
        self.taken: list[Event] = []
        self.broken = False

    async def publish(self, events: Sequence[Event]) -> None:
        if self.broken:
            raise ConnectionResetError
        self.taken.extend(events)


async def emit(database: Database, *ids: str, subject: str = "s") -> None:
    for event_id in ids:
        await database.execute(
            "INSERT INTO outbox (id, type, subject, data, at) VALUES ($1, 'shop.sold', $2, '{\"n\": 1}', $3)", event_id, subject, NOON
        )


async def waiting(database: Database) -> int:
    row = await database.row("SELECT count(*) AS n FROM outbox")
    assert row is not None
    return int(row["n"])


async def test_the_relay_hands_over_in_order_and_forgets(database: Database) -> None:
    post = Post()
    await emit(database, "e1", "e2", "e3")
    relay = Relay(EMITTER, database, post)
    assert await relay.step() == 3
    expected = [(f"e{n}", "shop", '{"n": 1}', NOON) for n in (1, 2, 3)]
    assert [(event.id, event.source, event.data, event.at) for event in post.taken] == expected
    assert await waiting(database) == 0
    assert await relay.step() == 0


async def test_what_another_relay_is_at_is_not_done_yet(database: Database) -> None:
    going, gone = asyncio.Event(), asyncio.Event()

    class Slow(Post):
        async def publish(self, events: Sequence[Event]) -> None:
            going.set()
            await gone.wait()

    await emit(database, "e1")
    other = asyncio.create_task(Relay(EMITTER, database, Slow()).step())
    await going.wait()
    relay = Relay(EMITTER, database, Post())
    assert (await relay.step(), await relay.drain()) == (0, 1)
    gone.set()
    assert await other == 1
    assert await relay.drain() == 0


async def test_what_the_transport_did_not_take_over_stays(database: Database) -> None:
    post = Post()
    post.broken = True
    await emit(database, "e1")
    relay = Relay(EMITTER, database, post)
    with pytest.raises(Exception, match=r".*"):
        await relay.step()
    assert await waiting(database) == 1
    post.broken = False
    assert await relay.step() == 1


async def test_one_relay_at_a_time(database: Database) -> None:
    await emit(database, "e1")
    async with database.transaction() as other:
        await other.execute("SELECT pg_advisory_xact_lock(hashtext('relay-shop'))")
        assert await Relay(EMITTER, database, Post()).step() == 0
    assert await waiting(database) == 1


def event(event_id: str, subject: str = "s", kind: str = "shop.sold") -> Event:
    return Event(event_id, "shop", kind, subject, '{"n": 1}', NOON)


class Reader:
    def __init__(self, database: Database) -> None:
        self.tried: list[str] = []
        self.seen: list[str] = []
        self.failing: set[str] = set()
        self.error: Exception = ValueError("no")
        self.metrics = Metrics()
        self.inbox = Inbox(READER, database, {"shop.sold": self.handle}, Log("reader", "1"), Tracing(), self.metrics)

    async def handle(self, found: Event) -> None:
        self.tried.append(found.id)
        if found.id in self.failing:
            raise self.error
        self.seen.append(found.id)


async def test_an_event_is_stored_once_and_handled_once(database: Database) -> None:
    reader = Reader(database)
    await reader.inbox.receive([event("e1"), event("e2")])
    await reader.inbox.receive([event("e1"), event("x", kind="other")])
    assert await reader.inbox.step() == 2
    assert await reader.inbox.step() == 0
    await reader.inbox.receive([event("e1")])
    assert await reader.inbox.step() == 0
    assert reader.seen == ["e1", "e2"]


async def test_a_failing_event_holds_back_its_own_subject_only(database: Database, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    reader = Reader(database)
    reader.failing = {"a1"}
    await reader.inbox.receive([event("a1", "a"), event("b1", "b"), event("a2", "a")])
    assert await reader.inbox.step() == 1
    assert reader.seen == ["b1"]
    await reader.inbox.receive([event("a3", "a"), event("b2", "b")])
    assert await reader.inbox.step() == 1
    reader.failing = set()
    assert await reader.inbox.step() == 0  # its pause is not over
    assert await reader.inbox.step(everything=True) == 3
    assert reader.seen == ["b1", "b2", "a1", "a2", "a3"]
    assert b'"event.failed"' in capsysbinary.readouterr().err


async def test_what_its_handler_refuses_ten_times_is_given_up_and_lets_its_subject_go_on(
    database: Database, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    reader = Reader(database)
    reader.failing = {"a1"}
    await reader.inbox.receive([event("a1", "a"), event("a2", "a")])
    for number in range(REFUSALS):
        assert await reader.inbox.dead_letters() == []
        assert await reader.inbox.step(everything=True) == (number == REFUSALS - 1)  # the later one, when the earlier one is given up
    [letter] = await reader.inbox.dead_letters()
    assert letter | {"number": 0} == {
        "number": 0,
        "reason": "ValueError",
        "id": "a1",
        "source": "shop",
        "type": "shop.sold",
        "subject": "a",
        "attempts": REFUSALS,
    }
    assert b'farthing_dead_letters_total{service="reader"} 1.0' in reader.metrics.exposition()
    assert await reader.inbox.step(everything=True) == 0
    assert reader.seen == ["a2"]
    assert capsysbinary.readouterr().err.count(b'"event.dead"') == 1


async def test_a_dead_letter_is_tried_again_or_dropped_when_somebody_says_so(database: Database) -> None:
    reader = Reader(database)
    reader.failing = {"a", "b"}
    await reader.inbox.receive([event("a", "a"), event("b", "b")])
    for _ in range(REFUSALS):
        await reader.inbox.step(everything=True)
    first, second = [str(letter["number"]) for letter in await reader.inbox.dead_letters()]
    await reader.inbox.settle(first, "replay")
    assert await reader.inbox.step() == 0  # it is refused as before, and has all its attempts again
    assert [letter["id"] for letter in await reader.inbox.dead_letters()] == ["b"]
    reader.failing = set()
    assert await reader.inbox.step(everything=True) == 1
    await reader.inbox.settle(second, "drop")
    assert (reader.seen, await reader.inbox.dead_letters()) == (["a"], [])
    await reader.inbox.receive([event("b", "b")])
    assert await reader.inbox.step(everything=True) == 0
    for number, how in ((first, "replay"), (second, "drop"), ("0", "replay"), ("x", "drop"), ("9" * 30, "drop"), (first, "burn")):
        with pytest.raises(NotFound):
            await reader.inbox.settle(number, how)


async def test_while_something_is_away_nothing_is_given_up(database: Database) -> None:
    reader = Reader(database)
    reader.failing, reader.error = {"a"}, Unavailable()
    await reader.inbox.receive([event("a", "a")])
    for _ in range(2 * REFUSALS):
        await reader.inbox.step(everything=True)
    assert await reader.inbox.dead_letters() == []
    await database.execute("UPDATE inbox SET attempts = 1499")  # a day later
    await reader.inbox.step(everything=True)
    assert [letter["reason"] for letter in await reader.inbox.dead_letters()] == ["Unavailable"]


async def test_a_dead_letter_is_kept_for_a_month(database: Database) -> None:
    reader = Reader(database)
    reader.failing = {"old", "young"}
    now = datetime.now(UTC)
    old, young = (
        Event(n, "shop", "shop.sold", n, "{}", at) for n, at in (("old", now - timedelta(days=31)), ("young", now - timedelta(days=2)))
    )
    await reader.inbox.receive([old, young])
    for _ in range(REFUSALS):
        await reader.inbox.step(everything=True)
    await reader.inbox.tidy()
    assert [letter["id"] for letter in await reader.inbox.dead_letters()] == ["young"]


async def test_old_ids_are_forgotten_and_young_ones_kept(database: Database) -> None:
    reader = Reader(database)
    now = datetime.now(UTC)
    old, young = (Event(name, "shop", "shop.sold", name, "{}", at) for name, at in (("old", now - timedelta(days=2)), ("young", now)))
    await reader.inbox.receive([old, young])
    await reader.inbox.step()
    await reader.inbox.tidy()
    assert [row["id"] for row in await database.fetch("SELECT id FROM inbox")] == ["young"]


async def test_under_steady_traffic_failed_events_come_again_and_old_ids_are_forgotten(database: Database) -> None:
    reader, old = Reader(database), Event("old", "shop", "shop.sold", "old", "{}", datetime.now(UTC) - timedelta(days=2))
    reader.failing = {"a1"}
    worker = Worker("reader", Clock(), (), None, reader.inbox, Log("reader", "1"), Metrics())
    await reader.inbox.receive([old, event("a1", "a"), event("a2", "a")])
    worker.start()
    try:
        async with asyncio.timeout(10):
            while "a2" not in reader.seen:
                await reader.inbox.receive([event(f"b{len(reader.tried)}", "b")])  # each look finds one that can be handled
                await asyncio.sleep(0.01)
                if "a1" in reader.tried:
                    reader.failing = set()
    finally:
        await worker.stop()
    assert [event_id for event_id in reader.tried if event_id.startswith("a")] == ["a1", "a1", "a2"]
    assert "old" in reader.seen
    assert await database.row("SELECT id FROM inbox WHERE id = 'old'") is None


async def test_a_pause_is_kept(database: Database) -> None:
    reader = Reader(database)
    reader.failing = {"a1"}
    await reader.inbox.receive([event("a1", "a"), event("a2", "a")])
    await reader.inbox.step()
    reader.failing = set()
    assert await reader.inbox.step() == 0
    await database.execute("UPDATE inbox SET retry_at = now() WHERE id = 'a1'")
    assert await reader.inbox.step() == 2
    assert reader.tried == ["a1", "a1", "a2"]


async def test_a_wrong_statement_is_not_taken_for_a_database_that_is_away(database: Database) -> None:
    with pytest.raises(asyncpg.DataError):
        await database.execute("SELECT $1::int", "x")
