"""How every process learns what the operator has done: embedded they share one memory, apart it is published."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress

import orjson

from farthing.console.gateways.control import ControlClient
from farthing.console.operations.faults import fault_of
from farthing.console.repository import Repository
from farthing.kit.board import Board, Doings
from farthing.kit.errors import ApiError


class Publication:
    """`number`: the latest one; a service that is asked for work first follows up to it. 0 in one process."""

    def __init__(self, board: Board | None, repository: Repository, services: Mapping[str, ControlClient]) -> None:
        self._board, self._repository, self._services = board, repository, services
        self.number = 0

    async def publish(self) -> None:
        """Publish what the tables say, and wait until every service that answers has followed. Raises Unavailable."""
        if self._board is None:
            return
        self.number = await self._board.publish()
        await asyncio.gather(*(self._followed(client) for client in self._services.values()))

    async def doings(self) -> Doings:
        clock, rows, values = await self._repository.doings()
        faults, switches = tuple(fault_of(row) for row in rows), {name: orjson.loads(value) for name, value in values.items()}
        return Doings(clock.moved, clock.frozen, faults, switches) if clock is not None else Doings(faults=faults, switches=switches)

    async def _followed(self, client: ControlClient) -> None:
        with suppress(ApiError):  # it is away: it will not be ready before it has followed
            await client.work(self.number)
