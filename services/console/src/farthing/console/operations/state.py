"""Reset and snapshots of the platform's whole state, and what the console itself has to load then."""

from __future__ import annotations

import re
from typing import Final

import orjson

from farthing.console.errors import OneProcessOnly, SnapshotNameInvalid, SnapshotNotFound
from farthing.console.operations.clock import TimeControl
from farthing.console.operations.faults import FaultRules
from farthing.console.repository import Repository
from farthing.kit import sandbox
from farthing.kit.switches import Switches

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")


class State:
    """Works where one process hosts every service; elsewhere each call raises OneProcessOnly."""

    def __init__(self, host: sandbox.SandboxState | None) -> None:
        self._host = host

    @property
    def _sandbox(self) -> sandbox.SandboxState:
        if self._host is None:
            raise OneProcessOnly
        return self._host

    async def reset(self) -> None:
        """Back to the seed."""
        await self._sandbox.reset()

    async def snapshots(self) -> list[sandbox.Snapshot]:
        return await self._sandbox.snapshots()

    async def take(self, name: str) -> sandbox.Snapshot:
        """Raises SnapshotNameInvalid."""
        return await self._sandbox.take(_checked(name))

    async def restore(self, name: str) -> None:
        """Raises SnapshotNameInvalid, SnapshotNotFound."""
        try:
            await self._sandbox.restore(_checked(name))
        except sandbox.SnapshotNotFound:
            raise SnapshotNotFound from None

    async def drop(self, name: str) -> None:
        """Raises SnapshotNameInvalid, SnapshotNotFound."""
        try:
            await self._sandbox.drop(_checked(name))
        except sandbox.SnapshotNotFound:
            raise SnapshotNotFound from None


class Memory:
    """What every process holds in memory of the operator's doings, loaded from the console's tables."""

    def __init__(self, repository: Repository, time: TimeControl, faults: FaultRules, switches: Switches) -> None:
        self._repository, self._time = repository, time
        self._faults, self._switches = faults, switches

    async def load(self) -> None:
        """After a start: what the last process knew."""
        await self._time.load()
        await self._faults.load()
        self._switches.clear()
        for name, value in (await self._repository.switches()).items():
            self._switches.put(name, orjson.loads(value))

    async def reload(self) -> None:
        """After reset and restore, which change the tables without a statement of ours."""
        await self._repository.raise_revision()
        await self.load()


def _checked(name: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise SnapshotNameInvalid
    return name
