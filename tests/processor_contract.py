"""Processor as one of its callers sees it, behind the same few doors whichever implementation answers."""

from __future__ import annotations

import asyncio
import contextlib
import io
from dataclasses import dataclass
from typing import Any, Protocol

import asyncpg
import httpx2

from farthing.clients.processor.client import ProcessorClient
from farthing.console.gateways.control import ControlClient
from farthing.kit.board import Doings
from farthing.kit.errors import Unavailable
from farthing.kit.rpc import Link
from farthing.kit.service import Host
from farthing.kit.telemetry import Log
from farthing.kit.work import end
from farthing.standalone.broker.board import NatsBoard
from farthing.standalone.broker.connection import Broker
from farthing.standalone.broker.doings import apply
from farthing.standalone.settings import BrokerSettings
from tests.processors import Ground
from tests.single import Single


class Contract(Protocol):
    """One implementation. `http`: its internal side, with a caller's token; `operate` returns when it has followed the operator."""

    client: ProcessorClient
    control: ControlClient
    http: httpx2.AsyncClient

    async def operate(self, doings: Doings) -> None: ...
    async def rows(self, sql: str, *values: object) -> list[Any]: ...


class InThisProcess:
    def __init__(self, single: Single) -> None:
        self._single, self.http = single, single.internal
        self.client, self.control = single.client(ProcessorClient), single.client(ControlClient)

    async def operate(self, doings: Doings) -> None:
        apply(doings, self._single.host)

    async def rows(self, sql: str, *values: object) -> list[Any]:
        return await self._single.database.fetch(sql, *values)


class OverHttp:
    def __init__(self, link: Link, http: httpx2.AsyncClient, operator: Operator, database: str) -> None:
        self.client, self.control, self.http = ProcessorClient(link), ControlClient(link), http
        self._operator, self._database = operator, database

    async def operate(self, doings: Doings) -> None:
        await self.control.work(seen=await self._operator.publish(doings))

    async def rows(self, sql: str, *values: object) -> list[Any]:
        connection = await asyncpg.connect(self._database, server_settings={"search_path": "processor"})
        try:
            return await connection.fetch(sql, *values)
        finally:
            await connection.close()


class Operator:
    """What the console does at the board: says what is to be followed, and counts how often a fault struck."""

    def __init__(self, broker: str, host: Host) -> None:
        self._broker = Broker(BrokerSettings(broker), "console", Log("console", "", io.BytesIO()))
        self._board = NatsBoard(self._broker, host, lambda: None)
        self._board.own(self._load, self._claim)
        self._doings, self._hits = Doings(), dict[str, int]()
        self._following: asyncio.Task[None] | None = None

    async def publish(self, doings: Doings) -> int:
        if self._following is None:
            self._broker.open()
            self._following = asyncio.create_task(self._board.run())
        self._doings = doings
        while True:
            with contextlib.suppress(Unavailable):
                return await self._board.publish()
            await asyncio.sleep(0.1)

    async def close(self) -> None:
        if self._following is not None:
            await self.publish(Doings())
            await end([self._following])
            await self._broker.close()

    async def _load(self) -> Doings:
        return self._doings

    async def _claim(self, fault_id: str) -> bool:
        [fault] = [one for one in self._doings.faults if one.id == fault_id]
        self._hits[fault_id] = self._hits.get(fault_id, 0) + 1
        return fault.times is None or self._hits[fault_id] <= fault.times


@dataclass(frozen=True, slots=True)
class CallerTokens:
    ground: Ground

    def token(self, audience: str) -> str:
        return self.ground.token(audience)


class Reach(Protocol):
    """Open an implementation to a test: `in this process`, `python` or `typescript`."""

    async def __call__(self, name: str, *, live: bool = False) -> Contract: ...
