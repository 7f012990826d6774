"""An observer without watches, at a time of the test's choosing, and the pods that it asks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from io import BytesIO

from aiohttp import web
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry

from farthing.kit.telemetry import Log, Metrics
from farthing.observer.domain.objects import Object, Pod
from farthing.observer.domain.reading import READERS
from farthing.observer.gateways.pods import PodMetrics
from farthing.observer.gateways.traces import Traces
from farthing.observer.operations import Failures, Figures, Observing, Table
from farthing.observer.operations.observing import Tellers
from services.observer.tests.test_history import BEFORE, NOON, News, at

PATIENCE = timedelta(seconds=30)


class Served:
    """A pod's own process, as far as its metrics go: the kit's, over HTTP."""

    def __init__(self) -> None:
        self.metrics = Metrics()
        self.port = 0

    async def start(self) -> web.AppRunner:
        async def metrics(_request: web.Request) -> web.Response:
            return web.Response(body=self.metrics.exposition())

        app = web.Application()
        app.router.add_get("/metrics", metrics)
        runner, self.port = await served(app)
        return runner


async def served(app: web.Application) -> tuple[web.AppRunner, int]:
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return runner, int(runner.addresses[0][1])


@dataclass
class Stage:
    old: Served
    new: Served
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    exporter: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)
    table: Table = field(default_factory=Table)
    log: BytesIO = field(default_factory=BytesIO)
    now: datetime = NOON

    def __post_init__(self) -> None:
        self.pods = PodMetrics()
        self.traces = Traces(self.exporter, "1", "farthing")
        tellers = Tellers(Figures(self.registry), self.table, self.traces)
        self.observing = Observing(tellers, self.pods, Failures(), lambda: self.now, PATIENCE, Log("observer", "1", self.log))

    async def begin(self) -> None:
        for name in READERS:
            self.observing.listed(name, [self.here(one) for one in BEFORE] if name == "pods" else [])
        await self.observing.look()

    async def take(self, *news: News) -> None:
        for one in news:
            self.now = at(one.second) + timedelta(milliseconds=300)
            if one.object is None:
                self.observing.gone(one.uid, self.now)
            else:
                self.observing.seen(self.here(one.object), self.now)
            await self.observing.look()

    async def wait(self, span: timedelta) -> None:
        self.now += span
        await self.observing.look()

    def here(self, one: Object) -> Object:
        """Pods are at this machine's address."""
        ports = {"p1": self.old.port, "p2": self.new.port}
        return replace(one, address="127.0.0.1", metrics_port=ports[one.uid]) if isinstance(one, Pod) else one

    def value(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, {"service": "orders", **labels})

    def spans(self) -> list[ReadableSpan]:
        self.traces._provider.force_flush()
        return sorted(self.exporter.get_finished_spans(), key=lambda span: (span.start_time or 0, -(span.end_time or 0)))


@asynccontextmanager
async def staged() -> AsyncIterator[Stage]:
    """Version 1 serves and is known."""
    old, new = Served(), Served()
    runners = [await old.start(), await new.start()]
    found = Stage(old, new)
    await found.begin()
    yield found
    await found.pods.aclose()
    found.traces.close()
    for runner in runners:
        await runner.cleanup()
