"""More pods of a service, and fewer again: no request fails, and each pod soon has its share."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from tests.cluster.conftest import StartLoad
from tests.cluster.kube import RELEASE, Helm, Kube
from tests.cluster.results import Results, Row
from tests.cluster.rollout import Rollout
from tests.cluster.served import Served

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1200)]

SETTLED = 20.0  # seconds until no connection is left that was made before the new pods were ready (http_transport.LONGEST_KEPT)
COUNTED = 40.0  # seconds after these
# About one connection a second is made, each to a pod that the cluster draws at random. Of forty, a pod gets 13 as a mean, and one of three
# gets fewer than a tenth in one run of 2,500 (in one of 16 fewer than a fifth, and counted for half as long in one of six). A pod that is
# left out gets none.
SHARE = 0.1


@pytest.fixture
def one_again(kube: Kube) -> Iterator[None]:
    yield
    for service in ("ledger", "payments", "orders"):
        Rollout(kube, service).scale(1)


@pytest.mark.parametrize(
    "service", ["ledger", pytest.param("payments", marks=pytest.mark.soak), pytest.param("orders", marks=pytest.mark.soak)]
)
def test_by_hand(kube: Kube, service: str, start_load: StartLoad, one_again: None, results: Results) -> None:
    rollout = Rollout(kube, service)
    load = start_load()
    time.sleep(5)
    rollout.scale(3)
    up = rollout.wait_ready(3)
    time.sleep(SETTLED)
    with Served(kube, service) as served:
        time.sleep(COUNTED)
    shares = served.by_pod()
    rollout.scale(1)
    down = rollout.wait_ready(1)
    rollout.wait_alone()
    figures = load.finish()
    figures.expect_no_failure()
    assert len(shares) == 3, shares
    assert min(shares.values()) >= SHARE * shares.total(), shares
    results.add(
        Row(
            "1 to 3 to 1 by hand",
            service,
            figures.all,
            f"3 ready after {up:.0f} s, requests {sorted(shares.values())}, 1 after {down:.0f} s",
        )
    )


@pytest.mark.soak
def test_by_autoscaler(kube: Kube, helm: Helm, start_load: StartLoad, one_again: None, results: Results) -> None:
    """The chart's HorizontalPodAutoscaler, told to want hardly any load for a pod, and then any."""
    service = "orders"
    rollout, before = Rollout(kube, service), helm.revision()
    scaling = f"services.{service}.autoscaling"
    load = start_load()
    try:
        helm.upgrade(f"{scaling}.enabled=true", f"{scaling}.maxReplicas=3", f"{scaling}.targetCPU=5", f"{scaling}.scaleDownSeconds=5")
        up = rollout.wait_ready(3, 120)
        _want(kube, service, 10_000)
        down = rollout.wait_ready(1, 120)
        rollout.wait_alone()
        figures = load.finish()
    finally:
        helm.rollback(before)
    figures.expect_no_failure()
    results.add(Row("1 to 3 to 1 by autoscaler", service, figures.all, f"3 ready after {up:.0f} s, 1 after {down:.0f} s"))


def _want(kube: Kube, service: str, percent: int) -> None:
    patch = [{"op": "replace", "path": "/spec/metrics/0/resource/target/averageUtilization", "value": percent}]
    kube.ctl("patch", f"hpa/{RELEASE}-{service}", "--type=json", "--patch", json.dumps(patch))
