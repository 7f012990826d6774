"""The connection to the broker, where there is hardly one."""

from __future__ import annotations

import asyncio
import io

from farthing.kit.telemetry import Log
from farthing.standalone.broker.connection import Broker
from farthing.standalone.settings import BrokerSettings


async def test_a_broker_that_does_not_say_a_word_is_left_with_nothing_open() -> None:
    came, ended = asyncio.Event(), asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.set()
        await reader.read()
        writer.close()
        ended.set()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    broker = Broker(BrokerSettings(f"nats://127.0.0.1:{server.sockets[0].getsockname()[1]}"), "shop", Log("shop", "1", io.BytesIO()))
    broker.open()
    await asyncio.wait_for(came.wait(), 10)
    await broker.close()
    await asyncio.wait_for(ended.wait(), 10)
    server.close()
