"""The routes that every service has (kit.service): health, due work, dead letters."""

from __future__ import annotations

from typing import Any

import orjson

from farthing.kit.errors import AnyError
from farthing.kit.model import Model
from farthing.kit.rpc import ServiceClient
from farthing.kit.service import Work


class Health(Model):
    """`operations`: the names of what it serves to the outside."""

    status: str
    version: str
    operations: tuple[str, ...] = ()


class DeadLetter(Model):
    """An event that a service has given up after `attempts`; `reason` is the name of an error. Earlier releases say less."""

    number: int
    reason: str
    id: str = ""
    source: str = ""
    type: str = ""
    subject: str = ""
    attempts: int = 0


class DeadLetters(Model):
    dead_letters: tuple[DeadLetter, ...]


class ControlClient(ServiceClient):
    """Any service."""

    async def health(self) -> Health:
        return await self.call("GET", "/health", Health)

    async def issues(self, operation: str) -> dict[str, dict[str, Any]]:
        """What PayPal documents for one of its operations: status and name by issue."""
        found: dict[str, dict[str, Any]] = orjson.loads((await self.send("GET", f"/operations/{operation}/issues")).body)
        return found

    async def work(self, seen: int = 0) -> Work:
        """`seen`: a publication of the board (kit.board) that the service waits for first."""
        return await self.call("GET", "/work", Work, query=_since(seen))

    async def drain(self, seen: int = 0) -> Work:
        """Let the service do everything that is due now. Without a key: repeated unseen, it would answer only what was left."""
        return await self.call("POST", "/work/drain", Work, query=_since(seen))

    async def dead_letters(self) -> tuple[DeadLetter, ...]:
        """The oldest hundred; none of a service that is told nothing."""
        try:
            return (await self.call("GET", "/dead-letters", DeadLetters)).dead_letters
        except AnyError as error:  # a release without them
            if error.status_code == 404:
                return ()
            raise

    async def settle(self, number: int, how: str) -> None:
        """`replay` or `drop` a dead letter. Raises AnyError (404)."""
        await self.send("POST", f"/dead-letters/{number}/{how}")


def _since(seen: int) -> bytes:
    return f"seen={seen}".encode() if seen else b""
