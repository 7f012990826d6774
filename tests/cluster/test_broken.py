"""A new version that does not work stops by itself, the old one serves on, and the way back is one command."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cluster import versions
from tests.cluster.conftest import StartLoad
from tests.cluster.kube import Helm, Kube, wait_until
from tests.cluster.results import Results, Row
from tests.cluster.rollout import Rollout

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1200)]

PATIENCE = 40  # seconds that a version brought by Helm gets to be ready


@pytest.mark.parametrize(
    ("how", "service", "by"),
    [
        ("crashes", "orders", "helm"),
        pytest.param("never ready", "payments", "kubectl", marks=pytest.mark.soak),
        pytest.param("answers 500", "ledger", "helm", marks=pytest.mark.soak),
        pytest.param("answers 500", "identity", "kubectl", marks=pytest.mark.soak),
    ],
)
def test_broken_version(
    kube: Kube, helm: Helm, how: str, service: str, by: str, start_load: StartLoad, tmp_path: Path, results: Results
) -> None:
    image = versions.build(service, versions.BROKEN[how], tmp_path / "tree")
    rollout = Rollout(kube, service)
    change, back = _ways(helm, rollout, image, by)
    old, was = kube.pod_names(service), rollout.image()
    deadline = PATIENCE if by == "helm" else rollout.deadline()
    load = start_load()
    time.sleep(5)
    change()
    try:
        stopped = wait_until("the rollout to stop by itself", rollout.stopped, deadline + 30)
        serving = old & kube.pod_names(service)
    finally:
        back()
    wait_until("the way back to begin", lambda: not rollout.stopped(), 30)  # before, `rollout status` tells of the way there
    rollout.wait()
    assert serving == old, "the old version was taken away"
    wait_until("the broken pods to go", lambda: kube.pod_names(service) == old, 90)
    assert rollout.image() == was
    figures = load.finish()
    figures.expect_no_failure()
    results.add(Row(f"broken version: {how}", service, figures.all, f"stopped after {stopped:.0f} s, back by {by}"))


def _ways(helm: Helm, rollout: Rollout, image: str, by: str) -> tuple[Callable[[], None], Callable[[], None]]:
    """How the version is brought, and how it is taken back."""
    if by == "kubectl":
        return lambda: rollout.set_image(image), rollout.undo
    before = helm.revision()
    own = f"services.{rollout.service}"
    values = versions.value_of(image), f"{own}.progressDeadlineSeconds={PATIENCE}"
    return lambda: helm.upgrade(*values), lambda: helm.rollback(before)
