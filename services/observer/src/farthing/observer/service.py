"""What observer is, and how its parts are put together."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from farthing.kit.clock import real_now
from farthing.kit.manifest import Manifest
from farthing.kit.service import Service
from farthing.kit.telemetry.tracing import exporter_of
from farthing.observer.api import PATH, routes
from farthing.observer.gateways.grafana import Grafana
from farthing.observer.gateways.kubernetes import Watch, resources
from farthing.observer.gateways.pods import PodMetrics
from farthing.observer.gateways.traces import Traces
from farthing.observer.operations import Failures, Figures, Observing, Table
from farthing.observer.operations.observing import Tellers
from farthing.observer.settings import ObserverSettings

if TYPE_CHECKING:
    from farthing.kit.service import Host
    from farthing.kit.telemetry import Log
    from farthing.observer.gateways.kubernetes import Resource

MANIFEST = Manifest(
    name="observer",
    task="Watches the cluster and tells what became of each rollout, scale-out, restart and eviction.",
    public=(PATH,),
)


def build(host: Host) -> Service:
    """Raises ValueError for a setting, and when there is no cluster to watch."""
    settings = ObserverSettings.of(host.settings)
    exporter = exporter_of(host.settings.otlp_endpoint, host.settings.environment)
    traces = Traces(exporter, host.version, settings.namespace) if exporter is not None else None
    grafana = Grafana(settings.grafana, host.log) if settings.grafana is not None else None
    tellers = Tellers(Figures(host.metrics.registry), Table(), traces, grafana)
    pods = PodMetrics()
    observing = Observing(tellers, pods, Failures(), real_now, timedelta(seconds=settings.patience), host.log)
    life = Life(observing, resources(settings), pods, tellers, host.log)
    return Service(routes(tellers.table, settings), start=life.start, stop=life.stop)


class Life:
    """The watches in their threads and the look at what they saw, from the start to the stop of the process."""

    def __init__(self, observing: Observing, watched: list[Resource], pods: PodMetrics, tellers: Tellers, log: Log) -> None:
        self._observing, self._watched, self._pods, self._tellers, self._log = observing, watched, pods, tellers, log
        self._watches: list[Watch] = []
        self._looking: asyncio.Task[None] | None = None

    async def start(self) -> None:
        deliver = asyncio.get_running_loop().call_soon_threadsafe
        self._watches = [Watch(one, self._observing, deliver, real_now, self._log) for one in self._watched]
        for watch in self._watches:
            watch.start()
        if self._tellers.grafana is not None:
            self._tellers.grafana.start()
        self._looking = asyncio.create_task(self._observing.run())

    async def stop(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        await asyncio.gather(*(asyncio.to_thread(watch.stop) for watch in self._watches))
        if self._tellers.grafana is not None:
            await self._tellers.grafana.stop()
        await self._pods.aclose()
        if self._tellers.traces is not None:
            await asyncio.to_thread(self._tellers.traces.close)
