"""Pods, a node, the broker and the database go away without a word: whoever repeats his requests is served, and nothing is paid twice."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

import pytest

from farthing.embedded.contents import NAMES
from tests.cluster.conftest import StartLoad
from tests.cluster.kube import CLUSTER, Helm, Kube, run, wait_until
from tests.cluster.load import Figures
from tests.cluster.results import Results, Row
from tests.cluster.rollout import is_ready, wait_all_ready
from tests.cluster.served import wait_caught_up

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]

DEV = "farthing-dev"
RETRY = ("--retry", "--patience", "180")


def finish(kube: Kube, load: Figures, results: Results, experiment: str, measured: str) -> None:
    """All were paid, and everything is as before without anybody's help."""
    wait_all_ready(kube, NAMES, 240)
    caught_up = wait_caught_up(kube, NAMES, 180)
    load.expect_all_paid()
    results.add(Row(experiment, "", load.all, f"{measured}; events caught up after {caught_up:.0f} s"))


@pytest.mark.parametrize("seconds", [30.0, pytest.param(300.0, marks=pytest.mark.soak)])
def test_pods_at_random(kube: Kube, seconds: float, start_load: StartLoad, results: Results) -> None:
    chance, killed = random.Random(20261122), 0
    load = start_load(seconds + 15, *RETRY)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        service = chance.choice(NAMES)
        for name in sorted(kube.pod_names(service))[:1]:
            kube.delete_pod(name, force=True)
            killed += 1
        time.sleep(chance.uniform(2, 6))
    finish(kube, load.finish(), results, f"kills for {seconds:g} s", f"{killed} pods killed")


@pytest.fixture
def node() -> Iterator[str]:
    """A worker, running again afterwards."""
    name = f"{CLUSTER}-worker2"
    yield name
    run("docker", "start", name)


@pytest.mark.soak
def test_a_node_stops(kube: Kube, node: str, start_load: StartLoad, results: Results) -> None:
    load = start_load(240, *RETRY)
    time.sleep(5)
    run("docker", "stop", "--time", "0", node)
    time.sleep(180)
    run("docker", "start", node)
    back = wait_until(f"{node} to be ready", lambda: is_ready(kube.get(f"node/{node}")), 180)
    finish(kube, load.finish(), results, "a worker node stopped for 180 s", f"ready {back:.0f} s after its start")


@pytest.mark.soak
@pytest.mark.parametrize("force", [False, True], ids=["restarted", "killed"])
@pytest.mark.parametrize("component", ["nats", "postgresql"])
def test_what_keeps_state(kube: Kube, component: str, force: bool, start_load: StartLoad, results: Results) -> None:
    [pod] = kube.pods(component, DEV)
    load = start_load(60, *RETRY)
    time.sleep(5)
    kube.delete_pod(pod["metadata"]["name"], force=force)
    time.sleep(1)
    back = wait_until(f"{component} to be ready", lambda: [is_ready(p) for p in kube.pods(component, DEV)] == [True], 120)
    finish(kube, load.finish(), results, f"{component} {'killed' if force else 'restarted'}", f"ready again after {back:.0f} s")


@pytest.mark.soak
def test_the_primary_of_two_databases(kube: Kube, helm: Helm, start_load: StartLoad, results: Results) -> None:
    """Production's database: CloudNativePG with a synchronous replica (its operator is there). The replica takes over by itself."""
    before = helm.revision()
    helm.upgrade("database.host=", "database.cloudNativePG.enabled=true", "database.cloudNativePG.synchronous=true")
    try:
        wait_until("two databases", lambda: len(_databases(kube, "replica")) == len(_databases(kube, "primary")) == 1, 300)
        wait_all_ready(kube, NAMES, 300)
        load = start_load(90, *RETRY)
        time.sleep(10)
        [primary] = _databases(kube, "primary")
        kube.delete_pod(primary, force=True)
        over = wait_until("another primary", lambda: _databases(kube, "primary") not in ([], [primary]), 120)
        finish(kube, load.finish(), results, "the primary database deleted", f"another primary after {over:.0f} s")
    finally:
        helm.rollback(before)


def _databases(kube: Kube, role: str) -> list[str]:
    """Ready instances of CloudNativePG with this role."""
    pods = kube.get("pods", "--selector", f"cnpg.io/instanceRole={role}")["items"]
    return [pod["metadata"]["name"] for pod in pods if is_ready(pod) and "deletionTimestamp" not in pod["metadata"]]
