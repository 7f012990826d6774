"""Metrics of one process, labelled by service and version; children are cached, since labels() costs more than counting.

Names follow OpenTelemetry's semantic conventions as Prometheus writes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, disable_created_metrics, generate_latest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The registry of a process and the series that every service has."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a series more for each counter, that nothing reads
        ProcessCollector(registry=self.registry)
        labels = ("service", "version", "operation", "status")
        self._requests = Histogram(
            "http_server_request_duration_seconds", "Requests served.", labels, registry=self.registry, buckets=_SECONDS
        )
        self._outbox_age = Gauge(
            "farthing_outbox_oldest_age_seconds", "Age of the oldest event not yet delivered.", ("service",), registry=self.registry
        )
        self._pool = Gauge("db_client_connection_count", "Connections of the pool, by state.", ("service", "state"), registry=self.registry)
        self._jobs = Counter("farthing_jobs_total", "Due work by task, outcome.", ("service", "task", "outcome"), registry=self.registry)
        self.dead_letters = Counter("farthing_dead_letters_total", "Events that were given up.", ("service",), registry=self.registry)
        self._calls = Gauge("farthing_dependency_info", "Whom a service calls; always 1.", ("service", "callee"), registry=self.registry)
        self._children: dict[tuple[str, str, str, int], Histogram] = {}

    def served(self, service: str, version: str, operation: str, status: int, seconds: float) -> None:
        key = (service, version, operation, status)
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = self._requests.labels(service, version, operation, str(status))
        child.observe(seconds)

    def job_done(self, service: str, job: str, outcome: str) -> None:
        self._jobs.labels(service, job, outcome).inc()

    def calls(self, service: str, callees: Iterable[str]) -> None:
        for callee in callees:
            self._calls.labels(service, callee).set(1)

    def watch_outbox(self, service: str, age: Callable[[], float]) -> None:
        self._outbox_age.labels(service).set_function(age)

    def watch_pool(self, service: str, idle: Callable[[], float], used: Callable[[], float]) -> None:
        self._pool.labels(service, "idle").set_function(idle)
        self._pool.labels(service, "used").set_function(used)

    def exposition(self) -> bytes:
        return generate_latest(self.registry)
