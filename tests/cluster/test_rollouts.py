"""A service is restarted, or changed for another version, while the store goes on selling: nobody notices."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from farthing.embedded.contents import NAMES
from tests.cluster import versions
from tests.cluster.conftest import StartLoad
from tests.cluster.kube import Helm, Kube, wait_until
from tests.cluster.results import Results, Row
from tests.cluster.rollout import Rollout, is_ready
from tests.cluster.served import Served

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1200)]

WARM = 5.0  # seconds of load before a change
FEWEST = 20  # requests that each version answers
IN_CI = ("identity", "orders", "payments", "ledger", "webhooks")


EACH = [pytest.param(name, marks=() if name in IN_CI else pytest.mark.soak) for name in NAMES]


@pytest.fixture
def helm_again(helm: Helm) -> Iterator[Helm]:
    """Helm, and afterwards the release as it was."""
    before = helm.revision()
    yield helm
    if helm.revision() != before:
        helm.rollback(before)


@pytest.mark.soak
@pytest.mark.parametrize("service", NAMES)
def test_restart(kube: Kube, service: str, start_load: StartLoad, results: Results) -> None:
    rollout = Rollout(kube, service)
    old = kube.pod_names(service)
    load = start_load()
    with Served(kube, service) as served:
        time.sleep(WARM)
        rollout.restart()
        rollout.wait_replaced(old)
        figures = load.finish()
    figures.expect_no_failure()
    share = served.new_share()
    assert min(share.values()) >= FEWEST, share
    results.add(Row("restart", service, figures.all, f"{share['old']} by the old pods, {share['new']} by the new"))


@pytest.mark.parametrize("service", EACH)
def test_version_change(kube: Kube, helm_again: Helm, service: str, start_load: StartLoad, tmp_path: Path, results: Results) -> None:
    """There by Helm, and back by its rollback, both under load."""
    image = versions.build(service, versions.one_line("another version"), tmp_path / "tree")
    rollout = Rollout(kube, service)
    before, old = helm_again.revision(), kube.pod_names(service)
    load = start_load()
    with Served(kube, service) as served:
        time.sleep(WARM)
        helm_again.upgrade(versions.value_of(image))
        rollout.wait_replaced(old)
        assert rollout.image() == image
        new = kube.pod_names(service)
        time.sleep(WARM)
        helm_again.rollback(before)
        rollout.wait_replaced(new)
        figures = load.finish()
    figures.expect_no_failure()
    expect_both(served.by_version())
    results.add(Row("version change", service, figures.all, said(served.by_version())))


@pytest.mark.soak
def test_schema_change(kube: Kube, helm_again: Helm, start_load: StartLoad, tmp_path: Path, results: Results) -> None:
    """Old and new serve side by side for a while, on the new schema."""
    service = "payments"
    image = versions.build(service, versions.schema, tmp_path / "tree")
    rollout = Rollout(kube, service)
    helm_again.upgrade(f"services.{service}.replicas=2")
    rollout.wait_ready(2)
    old = kube.pod_names(service)
    load = start_load()
    with Served(kube, service) as served:
        time.sleep(WARM)
        helm_again.upgrade(versions.value_of(image))
        wait_until("a new pod", lambda: kube.pod_names(service) - old, 30, every=0.1)
        rollout.pause()  # before it is ready: a second one would soon follow, and the old ones be gone
        wait_until("the new pod to be ready", lambda: any(is_ready(p) for p in kube.pods(service) if p["metadata"]["name"] not in old), 90)
        time.sleep(15)
        beside = kube.pod_names(service)
        rollout.resume()
        rollout.wait_replaced(old)
        figures = load.finish()
    figures.expect_no_failure()
    assert beside & old, "the old version was gone before the change was held"
    assert beside - old, "the new version was not there"
    expect_both(served.by_version())
    results.add(Row("schema change", service, figures.all, said(served.by_version())))


def expect_both(counts: Counter[str]) -> None:
    assert len(counts) == 2, counts
    assert min(counts.values()) >= FEWEST, counts


def said(counts: Counter[str]) -> str:
    return ", ".join(f"{count} by {version}" for version, count in sorted(counts.items()))
