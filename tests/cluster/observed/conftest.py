"""charts/observability's release on the cluster, and the scenario that it saw."""

from __future__ import annotations

import traceback
from collections.abc import Iterator

import pytest

from farthing.embedded.contents import NAMES
from tests.cluster.kube import CommandFailed, Helm, Kube
from tests.cluster.observed.scenario import Scenario, Seen
from tests.cluster.observed.sources import Jaeger, Prometheus
from tests.cluster.robbed import repeated
from tests.cluster.rollout import wait_all_ready
from tests.needs import ROOT, lacking

WINDOW_SCALE = 0.1  # an hour of the alerts is six minutes
_PROMETHEUS = "statefulset/observability-prometheus"


@pytest.fixture(scope="session")
def observability(cluster: Kube) -> Iterator[Helm]:
    """The release, with alerts that need not wait for hours; as it was afterwards."""
    try:
        cluster.ctl("get", _PROMETHEUS)
    except CommandFailed:
        lacking("charts/observability on the cluster (make cluster OBSERVABILITY=1)")
    helm = Helm(str(ROOT / "charts" / "observability"), release="observability")
    before = helm.revision()
    helm.upgrade(f"slo.windowScale={WINDOW_SCALE}")
    cluster.ctl("rollout", "status", _PROMETHEUS, "--timeout=180s")
    yield helm
    helm.rollback(before)


@pytest.fixture(scope="module")
def seen(cluster: Kube, helm: Helm, operator: str, observability: Helm, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """What happened. Everything is as before already; what ended the scenario early is told to each test in one line."""

    def once() -> Seen:
        wait_all_ready(cluster, NAMES, 180)
        return Scenario(cluster, helm, operator, tmp_path_factory.mktemp("scenario")).run()

    try:
        return repeated(once)
    except Exception as error:  # noqa: BLE001 - whatever it was
        traceback.print_exc()
        pytest.fail(f"the scenario ended early: {type(error).__name__}: {error}", pytrace=False)


@pytest.fixture
def prometheus(cluster: Kube) -> Prometheus:
    return Prometheus(cluster)


@pytest.fixture
def jaeger(cluster: Kube, seen: Seen) -> Jaeger:
    return Jaeger(cluster, seen.began)
