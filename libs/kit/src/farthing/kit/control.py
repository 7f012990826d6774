"""What the console asks of any service: health and due work."""

from __future__ import annotations

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

    async def work(self) -> Work:
        return await self.call("GET", "/work", Work)

    async def drain(self) -> Work:
        """Let the service do everything that is due now. Without a key: repeated unseen, it would answer only what was left."""
        return await self.call("POST", "/work/drain", Work)
