"""For the operator: what is on its way, and what became of it."""

from __future__ import annotations

from typing import Final

from farthing.clients.webhooks.models import Delivery, DeliveryList
from farthing.kit.clock import wire_time
from farthing.webhooks.repository.deliveries import Deliveries

_MOST: Final = 1_000


class DeliveryLog:
    def __init__(self, deliveries: Deliveries) -> None:
        self._deliveries = deliveries

    async def latest(self, limit: int) -> DeliveryList:
        """Deliveries of the newest events of all apps, without their content."""
        found = await self._deliveries.latest(min(limit, _MOST))
        return DeliveryList(
            deliveries=tuple(
                Delivery(
                    id=one.id,
                    event_id=one.event_id,
                    event_type=one.type,
                    client_id=one.client_id,
                    webhook_id=one.webhook_id,
                    status=one.status,
                    attempts=one.attempts,
                    next_attempt=wire_time(one.next_at) if one.status == "PENDING" else None,
                )
                for one in found
            )
        )
