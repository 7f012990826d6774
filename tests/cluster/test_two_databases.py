"""Production's database: CloudNativePG with a synchronous replica, on a release that is moved to it and back."""

from __future__ import annotations

import time

import pytest

from farthing.embedded.contents import NAMES
from tests.cluster.conftest import StartLoad
from tests.cluster.kube import Helm, Kube, wait_until
from tests.cluster.recovery import RETRY, finish
from tests.cluster.results import Results
from tests.cluster.rollout import is_ready, wait_all_ready

pytestmark = [pytest.mark.cluster, pytest.mark.soak, pytest.mark.timeout(1800)]


def test_the_primary_is_deleted(kube: Kube, helm: Helm, start_load: StartLoad, results: Results) -> None:
    """The replica takes over by itself (the operator is there: `tools/cluster.py operator`)."""
    before = helm.revision()
    helm.upgrade("database.host=", "database.cloudNativePG.enabled=true", "database.cloudNativePG.synchronous=true")
    try:
        wait_until("two databases", lambda: len(_databases(kube, "replica")) == len(_databases(kube, "primary")) == 1, 300)
        wait_all_ready(kube, NAMES, 300)
        load = start_load(*RETRY)
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
