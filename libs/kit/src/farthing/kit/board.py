"""What the operator has done, where the platform is many processes. In one, everybody holds the same objects, and there is no board."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from farthing.kit.faults import Fault


@dataclass(frozen=True, slots=True)
class Doings:
    """The whole of it: where the clock stands, which faults are planted, what is switched on."""

    moved: timedelta = timedelta()
    frozen: datetime | None = None
    faults: tuple[Fault, ...] = ()
    switches: dict[str, Any] = field(default_factory=dict)


class Board(Protocol):
    """Numbers grow with every publication; a process says which it has followed."""

    def own(self, load: Callable[[], Awaitable[Doings]], claim: Callable[[str], Awaitable[bool]]) -> None:
        """This process is the operator's: `load` reads what is to be published, `claim` counts a fault's hits for everybody."""

    async def publish(self) -> int:
        """Publish what `load` answers now, and answer its number. Raises Unavailable."""

    async def seen(self, number: int) -> None:
        """Wait until this process has followed that publication. Raises Unavailable when that takes too long."""
