"""The watch over the watches: what was seen becomes metrics, traces, annotations and rows, each happening once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from farthing.observer.domain.happenings import Happening
from farthing.observer.domain.history import History
from farthing.observer.domain.objects import Object
from farthing.observer.domain.reading import READERS
from farthing.observer.gateways.grafana import Annotation
from farthing.observer.operations.table import Row, row

if TYPE_CHECKING:
    from farthing.kit.telemetry import Log
    from farthing.observer.domain.facts import PodFacts
    from farthing.observer.gateways.grafana import Grafana
    from farthing.observer.gateways.pods import PodMetrics
    from farthing.observer.gateways.traces import Traces
    from farthing.observer.operations.failures import Failures
    from farthing.observer.operations.figures import Figures
    from farthing.observer.operations.table import Table

LOOK: Final = 1.0  # seconds between two looks
SETTLING: Final = timedelta(seconds=3)  # the kinds are watched apart: what belongs together may arrive in any order
INCOMPLETE: Final = timedelta(seconds=30)  # the longest that is waited for a kind not listed yet, at first or after a broken connection
DRAINING: Final = timedelta(seconds=60)  # the longest that old pods are waited for: their grace period is 45 s


@dataclass(slots=True)
class Tellers:
    """Whom it is told. Without an address there are no traces and no annotations; the rest goes on."""

    figures: Figures
    table: Table
    traces: Traces | None = None
    grafana: Grafana | None = None


class Observing:
    """Is fed by the watches (`listed`, `seen`, `gone`) and looks at the result once a second.

    What ended before this process began is shown in the table and told to nobody: its predecessor did.
    """

    def __init__(
        self, tellers: Tellers, pods: PodMetrics, failures: Failures, now: Callable[[], datetime], patience: timedelta, log: Log
    ) -> None:
        self._tellers, self._pods, self._failures, self._log = tellers, pods, failures, log
        self._now, self._patience, self._since = now, patience, now()
        self._history, self._listed = History(), set[str]()
        self._begun: set[tuple[str, ...]] = set()
        self._ended: set[tuple[str, ...]] = set()
        self._told: set[tuple[str, ...]] = set()
        self._answering: set[str] = set()  # pods whose first request is known

    def listed(self, resource: str, found: list[Object]) -> None:
        self._log.info("watch.listed", resource=resource, objects=len(found))
        self._listed.add(resource)
        for one in found:
            self._history.observe(one)

    def seen(self, found: Object, at: datetime) -> None:
        self._history.observe(found, at)

    def gone(self, uid: str, at: datetime) -> None:
        self._history.gone(uid, at)

    async def run(self) -> None:
        """Look for ever. A look that fails is logged, and the next one sees the same."""
        while True:
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001 - no single object may end the watch over all others
                self._log.error("look.failed", error)
            await asyncio.sleep(LOOK)

    async def look(self) -> None:
        now = self._now()
        if len(self._listed) < len(READERS) and now - self._since < INCOMPLETE:
            return
        await self._ask_pods([one for one in self._untold(now) if self._is_ours(one)])
        found = self._untold(now)
        for happening in found:
            self._tell(happening, now)
        still = [one for one in found if one.key not in self._told]
        self._tellers.figures.going_on(self._history.services(), still)
        self._tellers.table.going_on(self._row(one) for one in still)
        self._forget(now)

    def _untold(self, now: datetime) -> list[Happening]:
        return [one for one in self._history.happenings(now) if one.key not in self._told]

    def _is_ours(self, happening: Happening) -> bool:
        return happening.ended is None or happening.ended >= self._since

    def _tell(self, happening: Happening, now: datetime) -> None:
        if not self._is_ours(happening):
            self._close(happening, None)
            return
        settling = SETTLING if happening.to_version else INCOMPLETE  # a version comes with the ReplicaSet
        if now - happening.began >= settling:
            self._tell_begin(happening)
        if happening.ended is None or now - happening.ended < settling:
            return
        if happening.key not in self._ended:
            self._ended.add(happening.key)
            self._tellers.figures.ended(happening)
        if self._settled(happening, now - happening.ended):
            self._tell_end(happening)

    def _tell_begin(self, happening: Happening) -> None:
        if happening.key in self._begun:
            return
        self._begun.add(happening.key)
        if happening.kind in {"restart", "eviction"} and happening.began >= self._since:
            self._tellers.figures.lost(happening)
        self._annotate(happening, None)
        self._log.info("change.began", kind=happening.kind, of=happening.service, to=happening.to_version, cause=happening.cause)

    def _settled(self, happening: Happening, passed: timedelta) -> bool:
        """Whether nothing more will come: the new pods have served, the old ones are gone, or neither was waited for any longer."""
        draining = any(pod.deleted and pod.service == happening.service for pod in self._history.pods())
        return (happening.all_served or passed >= self._patience) and (not draining or passed >= DRAINING)

    def _tell_end(self, happening: Happening) -> None:
        failed = self._failures.count(happening.key)
        trace_id = None
        if self._tellers.traces is not None:
            nodes = {pod.node for pod in happening.pods} & self._history.nodes_not_ready()
            more = {"farthing.nodes_not_ready": ",".join(sorted(nodes))} | ({} if failed is None else {"farthing.requests_failed": failed})
            trace_id = self._tellers.traces.tell(happening, more)
        self._annotate(happening, failed)
        self._close(happening, trace_id)
        self._log.info("change.ended", kind=happening.kind, of=happening.service, outcome=happening.outcome, trace_id=trace_id)

    def _close(self, happening: Happening, trace_id: str | None) -> None:
        self._told.add(happening.key)
        self._tellers.table.close(row(happening, self._failures.count(happening.key), trace_id))
        self._failures.forget(happening.key)

    def _annotate(self, happening: Happening, failed: int | None) -> None:
        if self._tellers.grafana is not None:
            self._tellers.grafana.put(annotation(happening, failed))

    def _row(self, happening: Happening) -> Row:
        return row(happening, self._failures.count(happening.key))

    async def _ask_pods(self, happenings: list[Happening]) -> None:
        """Ask the pods of services that change: who serves already, and how many requests failed."""
        services = {one.service for one in happenings}
        pods = [pod for pod in self._history.pods() if pod.service in services and pod.address and pod.metrics_port and pod.ready]
        self._failures.keep({pod.uid for pod in pods})
        await asyncio.gather(*(self._ask(pod, happenings) for pod in pods))

    async def _ask(self, pod: PodFacts, happenings: list[Happening]) -> None:
        counts = await self._pods.read(pod.address, pod.metrics_port)
        made = pod.created.first()
        if counts is None or made is None:
            return
        rollouts = {one.key: one.began for one in happenings if one.kind == "rollout" and one.service == pod.service}
        if rollouts:
            self._tellers.figures.failed(pod.service, self._failures.read(pod.uid, made, counts.failed, rollouts))
        if counts.served:
            self._note_first_request(pod, made, happenings)

    def _note_first_request(self, pod: PodFacts, made: datetime, happenings: list[Happening]) -> None:
        """Only of a pod that was asked before it served: what an older one did first, nobody knows."""
        at = self._now()
        waiting = any(story.uid == pod.uid and not story.at("first request") for one in happenings for story in one.pods)
        if waiting and made >= self._since:
            self._history.served(pod.uid, at)
            if pod.uid not in self._answering:
                self._answering.add(pod.uid)
                self._tellers.figures.served_first(pod.service, (at - made).total_seconds())

    def _forget(self, now: datetime) -> None:
        self._history.forget(now, self._told)
        remembered = {one.key for one in self._history.happenings(now)}
        self._begun &= remembered
        self._ended &= remembered
        self._told &= remembered
        self._answering &= {pod.uid for pod in self._history.pods()}


def annotation(happening: Happening, failed: int | None) -> Annotation:
    """What stands at the line in every dashboard."""
    versions = " → ".join(one for one in (happening.from_version, happening.to_version) if one)
    text = f"{happening.kind} {happening.service}: {versions}" if versions else f"{happening.kind} {happening.service}"
    said = [happening.cause, happening.outcome, "" if failed is None else f"{failed} requests failed"]
    more = ", ".join(one for one in said if one)
    tags = ("farthing", happening.kind, happening.service)
    return Annotation(happening.key, f"{text} ({more})" if more else text, tags, happening.began, happening.ended)
