"""What is measured of deliveries."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0, 86400.0)


class Measures:
    """Delay: from the event to the receiver's 2xx, on the platform's clock.

    Outcomes of attempts: delivered, failed, given_up (the last one failed), postponed (by a fault).
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._delay = Histogram(
            "farthing_webhook_delay_seconds", "From an event to its delivery, by the clock.", registry=registry, buckets=_SECONDS
        )
        self._attempts = Counter("farthing_webhook_attempts_total", "Attempts to deliver, by outcome.", ("outcome",), registry=registry)
        self._on_their_way = Gauge("farthing_webhook_deliveries_on_their_way", "Attempts that run now.", registry=registry)

    def attempted(self, outcome: str) -> None:
        self._attempts.labels(outcome).inc()

    def delivered(self, delay: float) -> None:
        self._delay.observe(max(0.0, delay))

    def running(self, number: int) -> None:
        self._on_their_way.set(number)
