"""Pods, a node, the broker and the database go away without a word: whoever repeats his requests is served, and nothing is paid twice."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

import pytest

from farthing.embedded.contents import NAMES
from tests.cluster.conftest import StartLoad
from tests.cluster.kube import CLUSTER, Kube, run, wait_until
from tests.cluster.recovery import RETRY, finish
from tests.cluster.results import Results
from tests.cluster.rollout import is_ready

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]

DEV = "farthing-dev"


@pytest.mark.parametrize("seconds", [pytest.param(30.0, marks=pytest.mark.brief), pytest.param(300.0, marks=pytest.mark.soak)])
def test_pods_at_random(kube: Kube, seconds: float, start_load: StartLoad, results: Results) -> None:
    chance, killed = random.Random(20261122), 0
    load = start_load(*RETRY)
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
    load = start_load(*RETRY)
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
    load = start_load(*RETRY)
    time.sleep(5)
    kube.delete_pod(pod["metadata"]["name"], force=force)
    time.sleep(1)
    back = wait_until(f"{component} to be ready", lambda: [is_ready(p) for p in kube.pods(component, DEV)] == [True], 120)
    finish(kube, load.finish(), results, f"{component} {'killed' if force else 'restarted'}", f"ready again after {back:.0f} s")
