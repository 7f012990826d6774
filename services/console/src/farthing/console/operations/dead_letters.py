"""Events that services have given up."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from farthing.console.errors import DeadLetterNotFound
from farthing.console.gateways.control import ControlClient, DeadLetter
from farthing.kit.errors import AnyError


class DeadLetters:
    """Those of every service. A service that cannot be asked makes the list fail: none is left out unseen."""

    def __init__(self, services: Mapping[str, ControlClient]) -> None:
        self._services = services

    async def all(self) -> list[tuple[str, DeadLetter]]:
        """With the service that has given it up."""
        found = await asyncio.gather(*(client.dead_letters() for client in self._services.values()))
        return [(name, letter) for name, letters in zip(self._services, found, strict=True) for letter in letters]

    async def settle(self, service: str, number: str, how: str) -> None:
        """`replay`: handle it again; `drop`: forget it. Raises DeadLetterNotFound."""
        if service not in self._services or not (number.isascii() and number.isdigit() and len(number) < 19):
            raise DeadLetterNotFound
        try:
            await self._services[service].settle(int(number), how)
        except AnyError as error:
            if error.status_code != 404:
                raise
            raise DeadLetterNotFound from None
