"""How the broker's parts are put together for one process."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from farthing.kit.work import end
from farthing.standalone.broker.board import NatsBoard
from farthing.standalone.broker.connection import Broker
from farthing.standalone.broker.consuming import Consumer
from farthing.standalone.broker.dead_letters import DeadLetters
from farthing.standalone.broker.publishing import StreamOfEvents

if TYPE_CHECKING:
    from collections.abc import Callable

    from farthing.kit.events import EventSource, EventTransport, Inbox
    from farthing.kit.manifest import Manifest
    from farthing.kit.service import Host, Running
    from farthing.standalone.settings import BrokerSettings


class Wiring:
    """Gives the host its board at once, the service its transport and its source when they are asked for."""

    def __init__(self, manifest: Manifest, settings: BrokerSettings, host: Host) -> None:
        self._manifest, self._host = manifest, host
        self._broker = Broker(settings, manifest.name, host.log)
        self._board = NatsBoard(self._broker, host, self._wake)
        self._running: Running | None = None
        self._following: asyncio.Task[None] | None = None
        host.board = self._board
        host.faults.count_with(self._board.claim)

    def join(self) -> tuple[EventTransport, Callable[[Inbox], EventSource] | None]:
        if not self._manifest.consumes:
            return StreamOfEvents(self._broker), None
        dead = DeadLetters(self._manifest.name, self._host.metrics, self._host.log)

        def source(inbox: Inbox) -> EventSource:
            return Consumer(self._manifest, self._broker, self._host.database, inbox, dead, self._host.log)

        return StreamOfEvents(self._broker), source

    def start(self, running: Running) -> None:
        self._running = running
        self._broker.open()
        self._following = asyncio.create_task(self._board.run())

    async def stop(self) -> None:
        if self._following is not None:
            await end([self._following])
        await self._broker.close()

    def not_ready(self) -> str:
        return "This process does not know yet what the operator did." if self._board.behind and self._host.settings.sandbox else ""

    def _wake(self) -> None:
        if self._running is not None:
            self._running.worker.wake()
