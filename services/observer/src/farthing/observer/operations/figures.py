"""The metrics of what happens on the cluster."""

from __future__ import annotations

from collections import Counter as Counting
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from farthing.observer.domain.losses import CAUSES

if TYPE_CHECKING:
    from farthing.observer.domain.happenings import Happening

_OUTCOMES: Final = ("complete", "failed", "superseded")  # of rollouts; others are rare, and of Deployments that are gone
_SECONDS: Final = (1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600)


class Figures:
    def __init__(self, registry: CollectorRegistry) -> None:
        self._services: set[str] = set()
        self._going_on = Gauge("farthing_rollouts_in_progress", "Rollouts that have begun and not ended.", ("service",), registry=registry)
        self._duration = Histogram(
            "farthing_rollout_duration_seconds",
            "From the change of the specification to the last pod's being available, or to the failure.",
            ("service", "outcome"),
            registry=registry,
            buckets=_SECONDS,
        )
        self._first_request = Histogram(
            "farthing_time_to_first_request_seconds",
            "From a pod's being made to the first request that it served.",
            ("service",),
            registry=registry,
            buckets=_SECONDS,
        )
        self._restarts = Counter(
            "farthing_pod_restarts_total",
            "Containers started anew, and pods that had to leave, by cause.",
            ("service", "cause"),
            registry=registry,
        )
        self._failed = Counter(
            "farthing_requests_failed_during_rollout_total",
            "Requests that the service's pods answered with 5xx during a rollout, by their own count.",
            ("service",),
            registry=registry,
        )

    def going_on(self, services: Iterable[str], happenings: Iterable[Happening]) -> None:
        """Say of every service how many rollouts it has, also when there is none, and of one that is removed in the middle of one."""
        found = Counting(one.service for one in happenings if one.kind == "rollout" and one.ended is None)
        for service in {*services} - self._services:
            self._begin(service)
        for service in self._services:
            self._going_on.labels(service).set(found[service])

    def _begin(self, service: str) -> None:
        """Every series of a service is there from the start: Prometheus sees no increase in one that begins with a 1."""
        self._services.add(service)
        self._failed.labels(service)
        self._first_request.labels(service)
        for outcome in _OUTCOMES:
            self._duration.labels(service, outcome)
        for cause in CAUSES:
            self._restarts.labels(service, cause)

    def ended(self, happening: Happening) -> None:
        if happening.kind == "rollout" and happening.ended is not None:
            self._duration.labels(happening.service, happening.outcome).observe((happening.ended - happening.began).total_seconds())

    def lost(self, happening: Happening) -> None:
        """Count a restart or an eviction."""
        cause = "evicted" if happening.kind == "eviction" else happening.cause
        self._restarts.labels(happening.service, cause if cause in CAUSES else "other").inc()

    def served_first(self, service: str, seconds: float) -> None:
        self._first_request.labels(service).observe(seconds)

    def failed(self, service: str, count: int) -> None:
        self._failed.labels(service).inc(count)
