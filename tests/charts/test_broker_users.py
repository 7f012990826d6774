"""What the development broker lets a service do, on a real server with the users of the kept render."""

from __future__ import annotations

import asyncio
import contextlib
import io
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nats
import pytest
from nats.js.api import ConsumerConfig

from farthing.kit.events import Event
from farthing.kit.telemetry import Log
from farthing.standalone.broker.connection import EVENTS, Broker, BrokerAway
from farthing.standalone.broker.publishing import StreamOfEvents
from farthing.standalone.broker.pulling import Pull
from farthing.standalone.settings import BrokerSettings
from tests.broker import NatsServer
from tests.charts.documents import Objects
from tests.charts.renders import GOLDEN

pytestmark = pytest.mark.needs_nats
EVENT = Event("e1", "orders", "CHECKOUT.ORDER.APPROVED", "O-1", "{}", datetime(2026, 11, 22, tzinfo=UTC))


class Users:
    """The server's users, by name."""

    def __init__(self, server: NatsServer, passwords: dict[str, str]) -> None:
        self._server, self._passwords = server, passwords

    @asynccontextmanager
    async def broker(self, name: str) -> AsyncIterator[Broker]:
        """Connected as a process of that service is."""
        made = Broker(BrokerSettings(self._server.url, name, self._passwords[name]), name, Log(name, "1", io.BytesIO()))
        made.open()
        async with asyncio.timeout(20):
            await made.came_back.wait()
        yield made
        await made.close()

    @asynccontextmanager
    async def refusals(self, name: str) -> AsyncIterator[tuple[Any, list[str]]]:
        """A bare client, and what the server has forbidden it."""
        found: list[str] = []

        async def note(error: Exception) -> None:
            found.append(str(error))

        client = await nats.connect(self._server.url, user=name, password=self._passwords[name], error_cb=note)
        yield client, found
        await client.close()


@pytest.fixture
async def users(nats_program: Path, tmp_path: Path) -> AsyncIterator[Users]:
    secrets = [one for one in Objects((GOLDEN / "development-parts.yaml").read_text()).all if one["kind"] == "Secret"]
    [kept] = [one["stringData"]["nats.conf"] for one in secrets if "nats.conf" in one.get("stringData", {})]
    configuration = tmp_path / "nats.conf"
    configuration.write_text(re.sub(r"(?m)^ *(port|http_port|store_dir):.*$", "", kept))
    server = NatsServer(nats_program, tmp_path / "jetstream", configuration)
    server.start()
    yield Users(server, dict(re.findall(r"user: (\S+)\s+password: (\S+)", kept)))
    server.kill()


async def test_an_event_goes_from_who_tells_it_to_who_consumes_it(users: Users) -> None:
    async with users.broker("orders") as orders, users.broker("webhooks") as webhooks:
        await StreamOfEvents(orders).publish([EVENT])
        async with webhooks.asking() as (client, stream):
            await stream.add_consumer(EVENTS, ConsumerConfig(durable_name="webhooks", ack_wait=5))
            pull = await Pull.of(client, EVENTS, "webhooks", 0)
            [message] = await pull.some()
            await message.ack_sync()
            await pull.close()
            assert (await stream.consumer_info(EVENTS, "webhooks")).num_ack_pending == 0


async def test_the_console_answers_whoever_asks_it(users: Users) -> None:
    async with users.broker("console") as console, users.broker("ledger") as ledger, asyncio.timeout(30):
        answer = b""
        while not answer:  # on a busy machine the first question may come before the server knows who listens
            with contextlib.suppress(BrokerAway):
                answer = await _asked(console, ledger)
        assert answer == b"1"


async def _asked(console: Broker, ledger: Broker) -> bytes:
    async with console.asking() as (listening, _), ledger.asking() as (client, _):

        async def strike(message: Any) -> None:
            await message.respond(b"1")

        await listening.subscribe("farthing.control.claims", cb=strike)
        await listening.flush()
        return bytes((await client.request("farthing.control.claims", b"FAULT-1", timeout=5)).data)


@pytest.mark.parametrize("subject", ["_INBOX.>", "_INBOX.orders.>", "farthing.events.>", "farthing.control.claims", ">"])
async def test_nobody_reads_what_is_for_others(users: Users, subject: str) -> None:
    async with users.refusals("payments") as (client, found):
        await client.subscribe(subject)
        await client.flush()
        await asyncio.sleep(0.1)
        assert len(found) == 1, subject
        assert "permissions violation for subscription" in found[0].lower()


@pytest.mark.parametrize("subject", ["_INBOX.orders.x", "farthing.events.orders.X", "farthing.control.news", "$KV.FARTHING_CONTROL.doings"])
async def test_nobody_speaks_for_others(users: Users, subject: str) -> None:
    async with users.refusals("payments") as (client, found):
        await client.publish(subject, b"1")
        await client.flush()
        await asyncio.sleep(0.1)
        assert len(found) == 1, subject
        assert "permissions violation for publish" in found[0].lower()
