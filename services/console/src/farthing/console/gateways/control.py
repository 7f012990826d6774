"""What the console asks of any service: health and due work."""

from __future__ import annotations

from typing import Any

import orjson

from farthing.kit.model import Model
from farthing.kit.rpc import ServiceClient
from farthing.kit.service import Work


class Health(Model):
    """`operations`: the names of what it serves to the outside."""

    status: str
    version: str
    operations: tuple[str, ...] = ()


class ControlClient(ServiceClient):
    """The routes that every service has (kit.service)."""

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


def _since(seen: int) -> bytes:
    return f"seen={seen}".encode() if seen else b""
