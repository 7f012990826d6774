"""What crosses the boundary of webhooks between services."""

from __future__ import annotations

from farthing.kit.model import Model


class Delivery(Model):
    """One event on its way to one webhook; `id` is the transmission id. `next_attempt` is RFC 3339, by the platform's clock."""

    id: str
    event_id: str
    event_type: str
    client_id: str
    webhook_id: str
    status: str
    attempts: int
    next_attempt: str | None = None


class DeliveryList(Model):
    deliveries: tuple[Delivery, ...]
