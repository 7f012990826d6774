"""Events through a real broker: from one service's outbox to the other's inbox, whatever dies on the way."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import asyncpg
import nats
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from farthing.kit.db import Database
from farthing.kit.events import Event, Inbox, Relay
from farthing.kit.manifest import Manifest
from farthing.kit.telemetry import Log, Metrics, Tracing
from farthing.kit.work import end
from farthing.standalone.broker.connection import EVENTS, Broker, BrokerAway
from farthing.standalone.broker.consuming import Consumer
from farthing.standalone.broker.dead_letters import DeadLetters
from farthing.standalone.broker.publishing import StreamOfEvents
from farthing.standalone.broker.tidying import Tidying
from farthing.standalone.settings import BrokerSettings
from tests.bench import STANDARD
from tests.broker import NatsServer
from tests.postgres import PostgresServer

pytestmark = [pytest.mark.needs_nats, pytest.mark.timeout(120)]

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SHOP = Manifest("shop", "Sells.", emits=("GOODS.SOLD", "GOODS.BROKEN", "SHOP.OPEN"))
TURN = """
SELECT pid FROM pg_locks JOIN pg_database ON pg_locks.database = pg_database.oid
WHERE datname = current_database() AND locktype = 'advisory' AND granted
"""
READER = Manifest("reader", "Reads.", consumes=(("shop", "GOODS.*"),))


class Reader:
    """One process of the consuming service: its consumer, its inbox, and what it handled, in order."""

    def __init__(self, url: str, database: Database) -> None:
        self.log = Log("reader", "1", io.BytesIO())
        self.handled: list[Event] = []
        self.metrics, self.database = Metrics(), database
        self.broker = Broker(BrokerSettings(url), "reader", self.log)
        self.inbox = Inbox(READER, database, {"GOODS.SOLD": self._handle, "GOODS.BROKEN": self._handle}, self.log, Tracing(), self.metrics)
        self.dead = DeadLetters("reader", self.metrics, self.log)
        self.consumer = Consumer(READER, self.broker, database, self.inbox, self.dead, self.log)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self.broker.open()
        self._tasks = [asyncio.create_task(self.consumer.run()), asyncio.create_task(self._work())]

    async def stop(self) -> None:
        for task in reversed(self._tasks):  # who handles before who holds the turn
            await end([task])
        await self.broker.close()

    async def _work(self) -> None:
        """As the worker does: only in turn."""
        while True:
            with contextlib.suppress(Exception):
                if self.consumer.mine:
                    await self.inbox.step()
            await asyncio.sleep(0.05)

    async def _handle(self, event: Event) -> None:
        self.handled.append(event)


class Shop:
    """The emitting service: its outbox and as many relays as asked for."""

    def __init__(self, url: str, database: Database, relays: int = 1) -> None:
        self.database = database
        self.broker = Broker(BrokerSettings(url), "shop", Log("shop", "1", io.BytesIO()))
        self.relays = [Relay(SHOP, database, StreamOfEvents(self.broker)) for _ in range(relays)]
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self.broker.open()
        self._tasks = [asyncio.create_task(self._relay(relay)) for relay in self.relays]

    async def stop(self) -> None:
        await end(self._tasks)
        await self.broker.close()

    async def tell(self, subject: str, number: int, kind: str = "GOODS.SOLD") -> None:
        sql = "INSERT INTO outbox (id, type, subject, data, at) VALUES ($1, $2, $3, $4, $5)"
        await self.database.execute(sql, f"{subject}-{number}", kind, subject, f'{{"n":{number}}}', NOON)

    async def _relay(self, relay: Relay) -> None:
        while True:
            with contextlib.suppress(Exception):
                await relay.step()
            await asyncio.sleep(0.01)


Make = Callable[..., Awaitable[Database]]


@pytest.fixture
async def schema(postgres_server: PostgresServer, fresh_database: str) -> AsyncIterator[Make]:
    made: list[Database] = []
    dsn = postgres_server.dsn(fresh_database)
    owner = await asyncpg.connect(dsn)
    for name in ("shop", "reader"):
        await owner.execute(f"CREATE SCHEMA {name}; SET search_path = {name}; {STANDARD}")
    await owner.close()

    async def make(name: str) -> Database:
        made.append(Database(dsn, name, size=4))
        return made[-1]

    yield make
    for one in made:
        await one.close()


async def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about in time"
        await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def at_work(*parts: Shop | Reader) -> AsyncIterator[None]:
    for part in parts:
        part.start()
    try:
        yield
    finally:
        await asyncio.gather(*(part.stop() for part in parts))


def in_order(events: list[Event]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for event in events:
        found.setdefault(event.subject, []).append(event.id)
    return found


def once_each(found: dict[str, list[str]]) -> dict[str, list[str]]:
    return {subject: list(dict.fromkeys(ids)) for subject, ids in found.items()}


def expected(subjects: int, each: int) -> dict[str, list[str]]:
    return {f"s{subject}": [f"s{subject}-{number}" for number in range(each)] for subject in range(subjects)}


@contextlib.asynccontextmanager
async def under_load(shop: Shop, subjects: int, each: int) -> AsyncIterator[None]:
    """Ends when everything was told."""
    async with asyncio.TaskGroup() as group:
        group.create_task(tell_all(shop, subjects, each, 0.05))
        yield


@contextlib.asynccontextmanager
async def client_of(server: NatsServer) -> AsyncIterator[Client]:
    client = await nats.connect(server.url)
    try:
        yield client
    finally:
        await client.close()


async def tell_all(shop: Shop, subjects: int, each: int, pause: float = 0.0) -> None:
    for number in range(each):
        await asyncio.gather(*(shop.tell(f"s{subject}", number) for subject in range(subjects)))
        await asyncio.sleep(pause)


async def test_every_event_arrives_once_whole_and_in_the_order_of_its_subject(nats_server: NatsServer, schema: Make) -> None:
    shop, reader = Shop(nats_server.url, await schema("shop")), Reader(nats_server.url, await schema("reader"))
    await shop.tell("s0", 0)  # before anybody listens
    async with at_work(shop, reader):
        for number in range(1, 40):
            await shop.tell("s0", number)
        await shop.tell("other", 1, "SHOP.OPEN")  # nobody wants it
        await until(lambda: len(reader.handled) >= 40)
        await asyncio.sleep(0.3)
    assert in_order(reader.handled) == expected(1, 40)
    first = reader.handled[0]
    assert (first.source, first.type, first.subject, first.data, first.at) == ("shop", "GOODS.SOLD", "s0", '{"n":0}', NOON)


async def test_a_broker_that_is_killed_under_load_loses_nothing_and_nothing_is_handled_twice(nats_server: NatsServer, schema: Make) -> None:
    shop, reader = Shop(nats_server.url, await schema("shop")), Reader(nats_server.url, await schema("reader"))
    async with at_work(shop, reader):
        async with under_load(shop, 10, 60):
            for _ in range(2):
                await asyncio.sleep(1)
                nats_server.kill()
                await asyncio.sleep(0.5)
                nats_server.start()
        await until(lambda: len(reader.handled) >= 600, 60)
        await asyncio.sleep(0.5)
    assert in_order(reader.handled) == expected(10, 60)


@pytest.mark.timeout(240)
async def test_two_relays_and_two_consumers_keep_the_order_also_when_one_dies(nats_server: NatsServer, schema: Make) -> None:
    database = await schema("shop")
    shops = [Shop(nats_server.url, database), Shop(nats_server.url, await schema("shop"))]
    readers = [Reader(nats_server.url, await schema("reader")) for _ in range(2)]
    async with at_work(*shops, *readers[:1]):
        await until(lambda: readers[0].consumer.mine)
        async with at_work(*readers[1:]):
            async with under_load(shops[0], 5, 60):
                await asyncio.sleep(1.5)
                assert [reader.consumer.mine for reader in readers] == [True, False]
                await readers[0].stop()
            await until(lambda: len({event.id for reader in readers for event in reader.handled}) >= 300, 120)
    assert readers[1].handled
    assert [in_order(reader.handled) for reader in readers] == [once_each(in_order(reader.handled)) for reader in readers]
    # What the first had handled and not yet noted when it died is handled again; nothing else is, and nothing out of turn.
    assert once_each(in_order(readers[0].handled + readers[1].handled)) == expected(5, 60)


class Predecessor:
    """A process that has lost its turn and has not noticed: what it had asked for is still given to it, once."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def ask(self) -> None:
        self._inbox = await self._client.subscribe(self._client.new_inbox())
        await self._client.publish(f"$JS.API.CONSUMER.MSG.NEXT.{EVENTS}.reader", b'{"batch":1,"expires":60000000000}', self._inbox.subject)
        await self._client.flush()

    async def given(self) -> Msg:
        return await self._inbox.next_msg(timeout=20)


async def test_nothing_overtakes_what_is_given_to_a_process_that_has_lost_its_turn(nats_server: NatsServer, schema: Make) -> None:
    shop, reader = Shop(nats_server.url, await schema("shop")), Reader(nats_server.url, await schema("reader"))
    async with at_work(shop, reader), client_of(nats_server) as client:
        await shop.tell("s0", 0)
        await until(lambda: len(reader.handled) == 1)
        before = Predecessor(client)
        await before.ask()
        for number in range(1, 6):
            await shop.tell("s0", number)
        message = await before.given()
        await asyncio.sleep(1)
        await message.nak()
        await until(lambda: len(reader.handled) >= 6)
    assert in_order(reader.handled) == expected(1, 6)


async def test_nothing_overtakes_what_another_process_has_however_long_it_keeps_it(nats_server: NatsServer, schema: Make) -> None:
    shop, reader = Shop(nats_server.url, await schema("shop")), Reader(nats_server.url, await schema("reader"))
    async with at_work(shop, reader), client_of(nats_server) as client:
        await shop.tell("s0", 0)
        await until(lambda: len(reader.handled) == 1)
        await reader.stop()
        before = Predecessor(client)
        await before.ask()
        for number in range(1, 6):
            await shop.tell("s0", number)
        message = await before.given()
        reader.start()
        for _ in range(6):  # longer than anybody waits for what a dead process had
            await asyncio.sleep(2)
            await message.in_progress()
        assert len(reader.handled) == 1
        await message.nak()
        await until(lambda: len(reader.handled) >= 6)
    assert in_order(reader.handled) == expected(1, 6)


async def test_who_is_stopped_gives_the_turn_however_it_is_cancelled(
    nats_server: NatsServer, schema: Make, postgres_server: PostgresServer, fresh_database: str
) -> None:
    """PostgreSQL is slow to answer, and whoever stops the consumer does not wait for it."""
    readers = [Reader(nats_server.url, await schema("reader")) for _ in range(2)]
    async with at_work(*readers[:1]), contextlib.AsyncExitStack() as stack:
        await until(lambda: readers[0].consumer.mine)
        owner = await asyncpg.connect(postgres_server.dsn(fresh_database))
        stack.push_async_callback(owner.close)
        holder = await owner.fetchval(TURN)
        os.kill(holder, signal.SIGSTOP)
        stopping = asyncio.create_task(readers[0].stop())
        await asyncio.sleep(1.2)
        os.kill(holder, signal.SIGCONT)
        await stopping
        async with at_work(*readers[1:]):
            await until(lambda: readers[1].consumer.mine, 10)


async def test_what_was_received_and_not_stored_is_delivered_again(nats_server: NatsServer, schema: Make) -> None:
    """The inbox's table is away for a while: no delivery counts against an event, and the order stays."""
    database = await schema("reader")
    shop, reader = Shop(nats_server.url, await schema("shop")), Reader(nats_server.url, database)
    async with at_work(shop, reader):
        await until(lambda: reader.consumer.mine)
        await database.execute("ALTER TABLE inbox RENAME TO away")
        await tell_all(shop, 3, 5)
        await asyncio.sleep(4)
        assert reader.handled == []
        await database.execute("ALTER TABLE away RENAME TO inbox")
        await until(lambda: len(reader.handled) >= 15)
    assert in_order(reader.handled) == expected(3, 5)
    assert b"farthing_dead_letters_total" in reader.metrics.exposition()
    assert b'farthing_dead_letters_total{service="reader"} 0.0' in reader.metrics.exposition()


async def test_the_turn_is_lost_with_its_connection_and_found_again(
    nats_server: NatsServer, schema: Make, postgres_server: PostgresServer, fresh_database: str
) -> None:
    shop, reader = Shop(nats_server.url, await schema("shop")), Reader(nats_server.url, await schema("reader"))
    async with at_work(shop, reader), contextlib.AsyncExitStack() as stack:
        owner = await asyncpg.connect(postgres_server.dsn(fresh_database))
        stack.push_async_callback(owner.close)
        async with under_load(shop, 5, 40):
            for _ in range(3):
                await asyncio.sleep(0.5)
                await owner.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'farthing-reader'")
        await until(lambda: len({event.id for event in reader.handled}) >= 200, 60)
    assert once_each(in_order(reader.handled)) == expected(5, 40)


async def test_poison_is_counted_listed_and_tried_again_and_stops_nobody(nats_server: NatsServer, schema: Make) -> None:
    shop, reader = Shop(nats_server.url, await schema("shop")), Reader(nats_server.url, await schema("reader"))
    async with at_work(shop, reader), client_of(nats_server) as client:
        await shop.tell("s0", 0)
        await until(lambda: len(reader.handled) == 1)
        await client.jetstream().publish("farthing.events.shop.GOODS.SOLD", b'{"id": "x", "no": "event"}')
        await shop.tell("s0", 1)
        await until(lambda: len(reader.handled) == 2)
        await until(lambda: b'farthing_dead_letters_total{service="reader"} 1.0' in reader.metrics.exposition())
        [letter] = await reader.inbox.dead_letters()
        assert (letter["subject"], letter["reason"], letter["attempts"]) == ("farthing.events.shop.GOODS.SOLD", "NoEvent", 5)
        kept = await reader.database.row("SELECT data #>> '{}' AS text FROM inbox WHERE seq = $1", letter["number"])
        assert kept is not None
        assert kept["text"] == '{"id": "x", "no": "event"}'
        assert await reader.consumer.drain() == 0
    assert [event.id for event in reader.handled] == ["s0-0", "s0-1"]


async def test_drained_means_that_nothing_is_on_its_way(nats_server: NatsServer, schema: Make) -> None:
    shop, reader = Shop(nats_server.url, await schema("shop")), Reader(nats_server.url, await schema("reader"))
    async with at_work(shop, reader):
        await until(lambda: reader.consumer.mine)
        await tell_all(shop, 10, 20)
        while await shop.relays[0].drain():
            pass
        row = await shop.database.row("SELECT count(*) AS n FROM outbox")
        assert row is not None
        assert row["n"] == 0
        await reader.consumer.drain()
        stored = await reader.database.row("SELECT count(*) AS n FROM inbox")
        assert stored is not None
        assert stored["n"] == 200


async def test_without_a_broker_events_wait_in_their_outbox(schema: Make) -> None:
    shop = Shop("nats://127.0.0.1:1", await schema("shop"))
    shop.broker.open()
    await shop.tell("s0", 0)
    with pytest.raises(BrokerAway):
        await shop.relays[0].step()
    row = await shop.database.row("SELECT count(*) AS n FROM outbox")
    assert row is not None
    assert row["n"] == 1
    await shop.broker.close()


async def test_stored_events_leave_the_stream_and_others_stay(nats_server: NatsServer, schema: Make) -> None:
    shop, reader = Shop(nats_server.url, await schema("shop")), Reader(nats_server.url, await schema("reader"))
    tidying = Tidying(every=0, kept=0)
    async with at_work(shop, reader):
        await tell_all(shop, 5, 4)
        await until(lambda: len(reader.handled) == 20)
        await reader.consumer.drain()
        await reader.stop()
        await shop.tell("s0", 4)
        await until(lambda: shop.relays[0].oldest is None)
        await asyncio.sleep(0.3)
        async with shop.broker.asking() as (_, stream):
            await tidying.step(stream)
            await tidying.step(stream)
            assert (await stream.stream_info(EVENTS)).state.messages == 1
