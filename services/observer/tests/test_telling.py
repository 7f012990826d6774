"""What is told of a rollout: metrics, a trace, an annotation and a row, each once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from opentelemetry.trace import StatusCode

from farthing.kit.telemetry import Log, Metrics
from farthing.observer.domain.objects import Container
from farthing.observer.domain.reading import READERS
from farthing.observer.gateways.grafana import Annotation, Grafana
from farthing.observer.gateways.pods import Counts, PodMetrics, counts_of
from farthing.observer.operations.observing import DRAINING, SETTLING
from farthing.observer.settings import GrafanaSettings
from services.observer.tests.stage import PATIENCE, Stage, served, staged
from services.observer.tests.test_history import BEFORE, DONE, NOON, OOM, ROLLOUT, RUNNING, News, at


class GrafanaServer:
    """Takes annotations as Grafana does, unless it is away."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str, dict[str, Any], str | None]] = []
        self.status = 200
        self.port = 0

    async def start(self) -> web.AppRunner:
        async def take(request: web.Request) -> web.Response:
            if self.status != 200:
                return web.Response(status=self.status)
            self.taken.append((request.method, request.path, await request.json(), request.headers.get("authorization")))
            return web.json_response({"id": 7, "message": "Annotation added"})

        app = web.Application()
        app.router.add_post("/api/annotations", take)
        app.router.add_patch("/api/annotations/{id}", take)
        runner, self.port = await served(app)
        return runner


@pytest_asyncio.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged() as found:
        yield found


async def test_a_rollout_is_in_progress_at_once_and_told_when_it_is_over(stage: Stage) -> None:
    assert stage.value("farthing_rollouts_in_progress") == 0
    await stage.take(*ROLLOUT[:4])
    assert stage.value("farthing_rollouts_in_progress") == 1
    assert [(row.outcome, row.requests_failed) for row in stage.table.last(1, None).rollouts] == [("in progress", 0)]
    stage.old.metrics.served("orders", "1", "orders.create", 503, 0.1)
    await stage.take(*ROLLOUT[4:8])  # the old pod's first reading: what it failed before is not this rollout's
    stage.old.metrics.served("orders", "1", "orders.create", 500, 0.1)
    stage.old.metrics.served("orders", "1", "ready", 503, 0.1)
    stage.new.metrics.served("orders", "2", "ready", 503, 0.1)
    await stage.take(*ROLLOUT[8:10])
    assert stage.value("farthing_rollouts_in_progress") == 0
    assert stage.value("farthing_time_to_first_request_seconds_count") == 0
    stage.new.metrics.served("orders", "2", "orders.get", 200, 0.1)
    stage.new.metrics.served("orders", "2", "orders.create", 502, 0.1)
    await stage.take(ROLLOUT[10])
    assert stage.value("farthing_rollout_duration_seconds_sum", outcome="complete") == pytest.approx(10.0)
    assert stage.value("farthing_time_to_first_request_seconds_sum") == pytest.approx(15.0)
    await stage.wait(timedelta(seconds=1))
    assert stage.value("farthing_requests_failed_during_rollout_total") == stage.table.last(1, "orders").rollouts[0].requests_failed
    row = stage.table.last(1, "orders").rollouts[0]
    assert (row.kind, row.from_version, row.to_version, row.outcome, row.pods) == ("rollout", "1.0.0", "2.0.0", "complete", 1)
    assert row.phases == {"scheduled": 1.0, "image pulled": 1.0, "started": 1.0, "ready": 6.0, "first request": 6.0}
    assert row.trace_id is not None
    for _ in range(3):
        await stage.wait(PATIENCE)
    assert stage.value("farthing_rollout_duration_seconds_count", outcome="complete") == 1
    assert len({span.context.trace_id for span in stage.spans() if span.context}) == 1


async def test_a_rollout_of_a_service_that_is_removed_is_in_progress_no_longer(stage: Stage) -> None:
    """Else an alert says for ever that it takes too long."""
    await stage.take(*ROLLOUT[:4])
    assert stage.value("farthing_rollouts_in_progress") == 1
    await stage.take(News(15, None, "d"))
    assert stage.value("farthing_rollouts_in_progress") == 0
    await stage.take(News(16, replace(DONE, uid="d2", reason="", whole=False)))
    assert stage.value("farthing_rollouts_in_progress") == 1


async def test_what_never_happened_reads_zero(stage: Stage) -> None:
    """`increase` shows nothing of a series that begins with its first event."""
    assert stage.value("farthing_rollout_duration_seconds_count", outcome="complete") == 0
    assert stage.value("farthing_rollout_duration_seconds_bucket", outcome="failed", le="+Inf") == 0
    assert stage.value("farthing_time_to_first_request_seconds_count") == 0
    assert stage.value("farthing_pod_restarts_total", cause="Error") == 0
    assert stage.value("farthing_requests_failed_during_rollout_total") == 0


async def test_what_the_pods_say_they_failed_is_added_up(stage: Stage) -> None:
    stage.old.metrics.served("orders", "1", "orders.create", 503, 0.1)
    await stage.take(*ROLLOUT[:8])
    for _ in range(2):
        stage.old.metrics.served("orders", "1", "orders.create", 500, 0.1)
    stage.new.metrics.served("orders", "2", "orders.create", 500, 0.1)
    await stage.wait(timedelta(seconds=1))
    assert stage.table.last(1, None).rollouts[0].requests_failed == 3
    assert stage.value("farthing_requests_failed_during_rollout_total") == 3


async def test_a_trace_has_a_span_for_each_pod_and_each_phase_at_its_own_time(stage: Stage) -> None:
    await stage.take(*ROLLOUT[:11])
    await stage.wait(PATIENCE)
    spans = stage.spans()
    names = ["rollout orders", "pod orders-b", "scheduled", "image pulled", "started", "ready"]
    assert [span.name for span in spans] == names
    assert [(_seconds(span.start_time), _seconds(span.end_time)) for span in spans] == [
        (10.3, 20.3),
        (11.3, 20.3),
        (11.3, 12.3),
        (12.3, 13.3),
        (13.3, 14.3),
        (14.3, 20.3),
    ]
    assert spans[0].parent is None
    assert {span.parent.span_id for span in spans[2:] if span.parent} == {spans[1].context.span_id} if spans[1].context else set()
    assert spans[0].attributes == {
        "k8s.namespace.name": "farthing",
        "k8s.deployment.name": "farthing-orders",
        "farthing.service": "orders",
        "farthing.change.kind": "rollout",
        "farthing.change.outcome": "complete",
        "farthing.version.from": "1.0.0",
        "farthing.version.to": "2.0.0",
        "farthing.requests_failed": 0,
    }
    assert spans[0].resource.attributes["service.name"] == "observer"
    assert {span.status.status_code for span in spans} == {StatusCode.UNSET}


async def test_a_rollout_that_nobody_asks_anything_is_waited_for_no_longer_than_patience(stage: Stage) -> None:
    await stage.take(*ROLLOUT[:11])
    await stage.wait(PATIENCE - timedelta(seconds=7))
    assert stage.spans() == []
    await stage.wait(timedelta(seconds=2))
    assert len(stage.spans()) == 6


async def test_old_pods_that_drain_are_waited_for(stage: Stage) -> None:
    await stage.take(*ROLLOUT[:10])
    await stage.wait(PATIENCE + SETTLING)
    assert stage.spans() == []
    await stage.wait(DRAINING - PATIENCE)
    assert len(stage.spans()) == 6


async def test_a_restart_is_counted_once_by_its_cause(stage: Stage) -> None:
    await stage.take(*ROLLOUT)
    for _ in range(2):
        await stage.wait(SETTLING)
    assert stage.value("farthing_pod_restarts_total", cause="OOMKilled") == 1


async def test_a_version_that_comes_late_is_waited_for(stage: Stage) -> None:
    """After a broken connection each kind is listed by itself: the ReplicaSet, which knows the version, may come last."""
    await stage.take(ROLLOUT[0], *ROLLOUT[2:11])
    await stage.wait(SETTLING)
    assert b"change.began" not in stage.log.getvalue()
    await stage.take(News(31, ROLLOUT[1].object))
    assert b'"to":"2.0.0"' in stage.log.getvalue()
    await stage.wait(PATIENCE)
    newest = stage.table.last(1, None).rollouts[0]
    assert (newest.outcome, newest.to_version) == ("complete", "2.0.0")


async def test_what_ended_before_is_shown_and_not_told_again(stage: Stage) -> None:
    later = Stage(stage.old, stage.new, now=at(200))
    for name in READERS:
        objects = [one.object for one in ROLLOUT if one.object is not None]
        later.observing.listed(name, [*BEFORE, *objects] if name == "pods" else [])
    await later.observing.look()
    await later.wait(PATIENCE)
    assert [row.kind for row in later.table.last(9, None).rollouts] == ["restart", "rollout", "rollout"]
    assert (later.spans(), later.value("farthing_pod_restarts_total", cause="OOMKilled")) == ([], 0)
    await later.pods.aclose()
    later.traces.close()


async def test_an_unknown_cause_does_not_become_a_label_of_its_own(stage: Stage) -> None:
    odd = replace(OOM, reason="ContainerStatusUnknown")
    pod = replace(RUNNING, ready=at(20), containers=(Container("orders", 0, None, (odd,)),))
    await stage.take(*ROLLOUT[:10], News(30, pod))
    await stage.wait(SETTLING)
    assert stage.value("farthing_pod_restarts_total", cause="other") == 1


def test_counts_leave_out_what_the_platform_asks_itself() -> None:
    metrics = Metrics()
    for operation, status in (
        ("live", 200),
        ("ready", 503),
        ("metrics", 200),
        ("orders.create", 201),
        ("orders.create", 500),
        ('a"b\\', 404),
    ):
        metrics.served("orders", "1", operation, status, 0.1)
    assert counts_of(metrics.exposition().decode()) == Counts(served=3, failed=1)


async def test_a_pod_that_does_not_answer_is_no_count() -> None:
    pods = PodMetrics()
    assert await pods.read("127.0.0.1", 1) is None
    await pods.aclose()


class TestGrafana:
    BEGAN = Annotation(("rollout", "d", "2"), "rollout orders: 1.0.0 → 2.0.0", ("farthing", "rollout", "orders"), at(10))
    ENDED = replace(BEGAN, text="rollout orders: 1.0.0 → 2.0.0 (complete, 0 requests failed)", ended=at(20))

    @pytest_asyncio.fixture
    async def server(self) -> AsyncIterator[GrafanaServer]:
        found = GrafanaServer()
        runner = await found.start()
        yield found
        await runner.cleanup()

    @pytest_asyncio.fixture
    async def grafana(self, server: GrafanaServer, tmp_path: Path) -> AsyncIterator[Grafana]:
        token = tmp_path / "token"
        token.write_text("secret\n")
        self.log = BytesIO()
        found = Grafana(GrafanaSettings(f"http://127.0.0.1:{server.port}", token), Log("observer", "1", self.log), pause=0.05)
        found.start()
        yield found
        await found.stop()

    async def taken(self, server: GrafanaServer, count: int) -> None:
        async with asyncio.timeout(30):
            while len(server.taken) < count:  # noqa: ASYNC110 - the server is another program's stand-in
                await asyncio.sleep(0.02)

    async def test_the_beginning_becomes_a_region_at_the_end(self, server: GrafanaServer, grafana: Grafana) -> None:
        grafana.put(self.BEGAN)
        await self.taken(server, 1)
        grafana.put(self.ENDED)
        await self.taken(server, 2)
        began, ended = int(at(10).timestamp() * 1000), int(at(20).timestamp() * 1000)
        tags = ["farthing", "rollout", "orders"]
        assert server.taken == [
            ("POST", "/api/annotations", {"text": self.BEGAN.text, "tags": tags, "time": began}, "Bearer secret"),
            ("PATCH", "/api/annotations/7", {"text": self.ENDED.text, "tags": tags, "time": began, "timeEnd": ended}, "Bearer secret"),
        ]

    async def test_annotations_wait_while_it_is_away(self, server: GrafanaServer, grafana: Grafana) -> None:
        server.status = 503
        grafana.put(self.BEGAN)
        grafana.put(self.ENDED)
        async with asyncio.timeout(30):
            while self.log.getvalue().count(b"grafana.away") < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        server.status = 200
        await self.taken(server, 2)
        assert [method for method, *_ in server.taken] == ["POST", "PATCH"]
        assert b"secret" not in self.log.getvalue()

    async def test_the_same_annotation_is_changed_after_a_pause_of_grafana(self, server: GrafanaServer, grafana: Grafana) -> None:
        grafana.put(self.BEGAN)
        await self.taken(server, 1)
        server.status = 503
        grafana.put(self.ENDED)
        async with asyncio.timeout(30):
            while b"grafana.away" not in self.log.getvalue():  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        server.status = 200
        await self.taken(server, 2)
        assert [path for _, path, *_ in server.taken] == ["/api/annotations", "/api/annotations/7"]

    async def test_one_that_is_refused_does_not_hold_back_the_next(self, server: GrafanaServer, grafana: Grafana) -> None:
        server.status = 401
        grafana.put(self.BEGAN)
        async with asyncio.timeout(30):
            while b"grafana.refused" not in self.log.getvalue():  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        server.status = 200
        grafana.put(self.ENDED)
        await self.taken(server, 1)


def _seconds(nanoseconds: int | None) -> float:
    return round((nanoseconds or 0) / 1e9 - NOON.replace(tzinfo=UTC).timestamp(), 3)
