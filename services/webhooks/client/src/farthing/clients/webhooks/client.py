"""How other services talk to webhooks."""

from __future__ import annotations

from farthing.clients.webhooks.models import DeliveryList
from farthing.kit.rpc import ServiceClient


class WebhooksClient(ServiceClient):
    """For the operator. Apps use the public API; services just emit events."""

    async def deliveries(self, limit: int = 100) -> DeliveryList:
        """Deliveries of the newest events of all apps, newest first (at most 1,000), without their content."""
        return await self.call("GET", "/deliveries", DeliveryList, query=f"limit={limit}".encode())
