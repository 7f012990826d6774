"""Whether every component serves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from farthing.console.gateways.control import ControlClient
from farthing.console.gateways.control import Health as Healthy
from farthing.kit.errors import ApiError
from farthing.kit.model import Model

_PATIENCE: Final = 3.0  # seconds for one component


class Component(Model):
    """`status`: up or down. A component that is down does not tell its version."""

    status: str
    version: str | None = None


class HealthReport(Model):
    status: str
    components: dict[str, Component]

    @property
    def up(self) -> bool:
        return self.status == "up"


class Health:
    """Asks every service, side by side. `own`: whether the console itself serves, and its version."""

    def __init__(self, services: Mapping[str, ControlClient], own: Callable[[], Awaitable[Healthy]]) -> None:
        self._services, self._own = services, own

    async def report(self) -> HealthReport:
        asked = {name: client.health for name, client in self._services.items()} | {"console": self._own}
        found = await asyncio.gather(*(_ask(health) for health in asked.values()))
        components = dict(zip(asked, found, strict=True))
        down = any(component.status != "up" for component in components.values())
        return HealthReport(status="down" if down else "up", components=components)


async def _ask(health: Callable[[], Awaitable[Healthy]]) -> Component:
    try:
        async with asyncio.timeout(_PATIENCE):
            found = await health()
    except (ApiError, TimeoutError):
        return Component(status="down")
    return Component(status=found.status, version=found.version)
