"""The inbox of a release that knows no broker is filled by the present consumer; handling is left to that release."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from farthing.kit.db import Database
from farthing.kit.events import Inbox
from farthing.kit.telemetry import Log, Metrics, Tracing
from farthing.standalone.broker.connection import Broker
from farthing.standalone.broker.consuming import Consumer
from farthing.standalone.broker.dead_letters import DeadLetters
from farthing.standalone.settings import BrokerSettings
from farthing.webhooks.service import MANIFEST


@asynccontextmanager
async def receiving(broker_url: str, dsn: str) -> AsyncIterator[None]:
    """Store what comes for webhooks, and handle nothing."""
    log = Log(MANIFEST.name, "bridge", io.BytesIO())
    broker, database = Broker(BrokerSettings(broker_url), MANIFEST.name, log), Database(dsn, MANIFEST.name, size=2)
    metrics = Metrics()
    inbox, dead = Inbox(MANIFEST, database, {}, log, Tracing(), metrics), DeadLetters(MANIFEST.name, metrics, log)
    await database.open()
    broker.open()
    running = asyncio.create_task(Consumer(MANIFEST, broker, database, inbox, dead, log).run())
    try:
        yield
    finally:
        while not running.done():  # a message that comes in the same moment swallows the cancellation (asyncio.wait_for of Python 3.11)
            running.cancel()
            await asyncio.wait([running], timeout=1)
        await broker.close()
        await database.close()
