"""What is counted of money: once for each effect, by the repository, when its record is committed."""

from __future__ import annotations

from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter

from farthing.payments.domain.capture import Capture, CaptureStatus, Refund, RefundStatus


class _Pair(NamedTuple):
    times: Counter
    minor_units: Counter


class Metrics:
    """Captures and refunds that moved money: how often, and how much in minor units of the currency.

    A process that dies between commit and count has not counted: the books are what is exact, this is what a dashboard shows.
    """

    def __init__(self, service: str, registry: CollectorRegistry) -> None:
        self._service, labels = service, ("service", "currency")
        self._captures = _Pair(
            Counter("farthing_captures_total", "Captures that moved money.", labels, registry=registry),
            Counter("farthing_captured_minor_units_total", "What was captured, in minor units.", labels, registry=registry),
        )
        self._refunds = _Pair(
            Counter("farthing_refunds_total", "Refunds that moved money.", labels, registry=registry),
            Counter("farthing_refunded_minor_units_total", "What was refunded, in minor units.", labels, registry=registry),
        )
        self._of_captures: dict[str, _Pair] = {}  # children by currency: looking them up costs more than counting
        self._of_refunds: dict[str, _Pair] = {}

    def captured(self, capture: Capture) -> None:
        if capture.status is CaptureStatus.COMPLETED:
            self._count(self._captures, self._of_captures, capture.currency, capture.amount)

    def refunded(self, refund: Refund) -> None:
        if refund.status is RefundStatus.COMPLETED:
            self._count(self._refunds, self._of_refunds, refund.currency, refund.amount)

    def _count(self, pair: _Pair, children: dict[str, _Pair], currency: str, amount: int) -> None:
        found = children.get(currency)
        if found is None:
            found = children[currency] = _Pair(*(counter.labels(self._service, currency) for counter in pair))
        found.times.inc()
        found.minor_units.inc(amount)
