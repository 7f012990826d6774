from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from farthing.kit.telemetry import Log
from farthing.observer.domain.happenings import Happening
from farthing.observer.domain.history import History
from farthing.observer.domain.objects import Object
from farthing.observer.gateways.kubernetes import Watch, resources
from farthing.observer.settings import ObserverSettings
from services.observer.tests.api_server import NAMESPACE, ApiServer, running

READ = ["list", "watch"]
# The rights that charts/observability gives.
ROLE = [
    {"apiGroups": [""], "resources": ["pods", "events"], "verbs": READ},
    {"apiGroups": ["apps"], "resources": ["deployments", "replicasets"], "verbs": READ},
    {"apiGroups": ["autoscaling"], "resources": ["horizontalpodautoscalers"], "verbs": READ},
]
NODES = [{"apiGroups": [""], "resources": ["nodes"], "verbs": READ}]
RBAC = "/apis/rbac.authorization.k8s.io/v1"


class Watching:
    """All watches on one history, and what they said."""

    def __init__(self, kubeconfig: Path) -> None:
        self.history = History()
        self.lists: list[str] = []
        self.log = BytesIO()
        self._lock = threading.Lock()
        settings = ObserverSettings(frozenset(), "", NAMESPACE, "farthing", kubeconfig=str(kubeconfig))
        log = Log("observer", "0", self.log)
        self.watches = [Watch(one, self, self._deliver, lambda: datetime.now(UTC), log) for one in resources(settings)]
        for watch in self.watches:
            watch.start()

    def stop(self) -> None:
        for watch in self.watches:
            watch.stop()

    def listed(self, resource: str, found: list[Object]) -> None:
        self.lists.append(resource)
        for one in found:
            self.history.observe(one)

    def seen(self, found: Object, at: datetime) -> None:
        self.history.observe(found, at)

    def gone(self, uid: str, at: datetime) -> None:
        self.history.gone(uid, at)

    def happenings(self) -> list[Happening]:
        with self._lock:
            return self.history.happenings(datetime.now(UTC))

    def pods(self) -> set[str]:
        with self._lock:
            return {pod.name for pod in self.history.pods()}

    def _deliver(self, what: Callable[[], None]) -> None:
        with self._lock:
            what()


@pytest.fixture(scope="module")
def api(kubernetes_programs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with running(kubernetes_programs, tmp_path_factory.mktemp("kubernetes")) as server:
        _grant(server)
        yield server


@contextmanager
def watching(kubeconfig: Path) -> Iterator[Watching]:
    found = Watching(kubeconfig)
    try:
        wait_until(lambda: len(set(found.lists)) == 6)
        yield found
    finally:
        found.stop()


def wait_until(holds: Callable[[], Any], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "not in time"
        time.sleep(0.05)


def _grant(server: ApiServer) -> None:
    subject = [{"kind": "User", "name": "observer", "apiGroup": "rbac.authorization.k8s.io"}]
    for kind, path, rules in (("Role", f"{RBAC}/namespaces/{NAMESPACE}/roles", ROLE), ("ClusterRole", f"{RBAC}/clusterroles", NODES)):
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": "observer"}
        server.call("POST", path, {"metadata": {"name": "observer"}, "rules": rules})
        binding = {"metadata": {"name": "observer"}, "roleRef": reference, "subjects": subject}
        server.call("POST", path.replace("roles", "rolebindings"), binding)
