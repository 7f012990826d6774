"""What is measured of deliveries."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)


class Measures:
    """Delay: from the event to the end of its first attempt, in real time; what happens later is the receiver's doing.

    Outcomes of attempts: delivered, failed, given_up (the last one failed), postponed (by a fault).
    """

    def __init__(self, service: str, registry: CollectorRegistry) -> None:
        self._delay = Histogram(
            "farthing_webhook_delivery_delay_seconds",
            "From an event to the end of the first attempt to deliver it.",
            ("service",),
            registry=registry,
            buckets=_SECONDS,
        ).labels(service)
        deliveries = Counter(
            "farthing_webhook_deliveries_total", "Attempts to deliver, by outcome.", ("service", "outcome"), registry=registry
        )
        self._outcomes = {outcome: deliveries.labels(service, outcome) for outcome in ("delivered", "failed", "given_up", "postponed")}
        self._on_their_way = Gauge(
            "farthing_webhook_deliveries_on_their_way", "Attempts that run now.", ("service",), registry=registry
        ).labels(service)

    def attempted(self, outcome: str) -> None:
        self._outcomes[outcome].inc()

    def first_attempted(self, delay: float) -> None:
        self._delay.observe(max(0.0, delay))

    def running(self, number: int) -> None:
        self._on_their_way.set(number)
