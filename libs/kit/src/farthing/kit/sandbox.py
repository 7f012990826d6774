"""The state of the whole platform as an operator handles it; only a process that hosts every service can offer it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Snapshot:
    name: str
    taken: datetime
    rows: int


class SnapshotNotFound(LookupError):
    """No snapshot has this name."""


class SandboxState(Protocol):
    """Reset and snapshots. Each holds new requests back and waits for running ones."""

    async def reset(self) -> None: ...
    async def snapshots(self) -> list[Snapshot]: ...
    async def take(self, name: str) -> Snapshot: ...
    async def restore(self, name: str) -> None: ...
    async def drop(self, name: str) -> None: ...
