"""Who answered how many requests: read from the pods' own metrics while a change goes on."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from tests.cluster.kube import CommandFailed, Kube, wait_until

_COUNT = re.compile(r"^http_server_request_duration_seconds_count\{(.*)\} (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')
_AGE = re.compile(r"^farthing_outbox_oldest_age_seconds\{.*\} (\S+)$", re.MULTILINE)
_EVERY = 1.0  # seconds between two looks


def requests_by_version(exposition: str) -> Counter[str]:
    """Requests that a process has served since it started, by the `version` label."""
    found: Counter[str] = Counter()
    for labels, count in _COUNT.findall(exposition):
        found[dict(_LABEL.findall(labels))["version"]] += int(float(count))
    return found


class Served:
    """Looks at all pods of a service until left; what a pod said last before it went away counts.

    Counts are of the time since `with` was entered: what pods had served before is taken off.
    """

    def __init__(self, kube: Kube, service: str) -> None:
        self._kube, self._service = kube, service
        self._seen: dict[tuple[str, str], int] = {}
        self._before: dict[tuple[str, str], int] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._look()
        self._before = dict(self._seen)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()
        self._look()

    def by_version(self) -> Counter[str]:
        return self._sum(1)

    def by_pod(self) -> Counter[str]:
        return self._sum(0)

    def new_share(self) -> dict[str, int]:
        """Requests of the pods that were there at first ("old"), and of those that came ("new")."""
        old = {pod for pod, _ in self._before}
        counts = self.by_pod()
        return {
            "old": sum(count for pod, count in counts.items() if pod in old),
            "new": sum(count for pod, count in counts.items() if pod not in old),
        }

    def _sum(self, part: int) -> Counter[str]:
        found: Counter[str] = Counter()
        for key, count in list(self._seen.items()):
            found[key[part]] += count - self._before.get(key, 0)
        return found

    def _watch(self) -> None:
        while not self._over.wait(_EVERY):
            self._look()

    def _look(self) -> None:
        """A pod that is going away may not answer: then its earlier word stands."""
        try:
            names = self._kube.ctl(
                "get", "pods", "--selector", f"app.kubernetes.io/component={self._service}", "--output", "name", timeout=20
            ).split()
        except CommandFailed:
            return
        for name in names:
            pod = name.removeprefix("pod/")
            try:
                counts = requests_by_version(self._kube.metrics(pod))
            except CommandFailed:
                continue
            for version, count in counts.items():
                self._seen[pod, version] = count


def wait_caught_up(kube: Kube, services: Iterable[str], seconds: float) -> float:
    """Until no outbox holds an event; answers the seconds. Raises NotInTime."""
    names = list(services)
    return wait_until("outboxes to be empty", lambda: all(_outbox_age(kube, name) == 0 for name in names), seconds)


def _outbox_age(kube: Kube, service: str) -> float:
    pods = kube.pod_names(service)
    if not pods:
        raise CommandFailed(f"{service} has no pod")
    return max(max((float(age) for age in _AGE.findall(kube.metrics(pod))), default=0.0) for pod in pods)
