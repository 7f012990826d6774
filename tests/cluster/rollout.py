"""Changing the Deployment of one service, and waiting for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.cluster.kube import Kube, deployment, wait_until

READY = 120.0  # seconds for one service


class Rollout:
    """One service's Deployment."""

    def __init__(self, kube: Kube, service: str) -> None:
        self._kube, self.service = kube, service
        self._name = f"deployment/{deployment(service)}"

    def restart(self) -> None:
        self._kube.ctl("rollout", "restart", self._name)

    def set_image(self, image: str) -> None:
        """In all containers: the one that migrates is of the same version."""
        self._kube.ctl("set", "image", self._name, f"*={image}")

    def undo(self) -> None:
        self._kube.ctl("rollout", "undo", self._name)

    def pause(self) -> None:
        self._kube.ctl("rollout", "pause", self._name)

    def resume(self) -> None:
        self._kube.ctl("rollout", "resume", self._name)

    def scale(self, replicas: int) -> None:
        self._kube.ctl("scale", self._name, f"--replicas={replicas}")

    def image(self) -> str:
        return str(self.shown()["spec"]["template"]["spec"]["containers"][0]["image"])

    def shown(self) -> Any:
        return self._kube.get(self._name)

    def wait(self, seconds: float = READY) -> None:
        """Until the new version serves alone. Raises CommandFailed when it does not get there."""
        self._kube.ctl("rollout", "status", self._name, f"--timeout={seconds:g}s", timeout=seconds + 30)

    def wait_replaced(self, old: Iterable[str], seconds: float = READY) -> None:
        """Until the pods `old` have finished and are gone. Raises CommandFailed, NotInTime."""
        self.wait(seconds)
        gone = set(old)
        wait_until(f"{self.service}: old pods to go", lambda: not gone & self._all(), seconds)

    def wait_alone(self, seconds: float = READY) -> None:
        """Until no pod of it is leaving any more. Raises NotInTime."""
        wait_until(f"{self.service}: pods to have left", lambda: not self._kube.leaving(self.service), seconds)

    def wait_ready(self, pods: int, seconds: float = READY) -> float:
        """Until so many pods are ready and no others are there; answers the seconds. Raises NotInTime."""
        return wait_until(f"{self.service}: {pods} ready pods", lambda: self._ready() == (pods, pods), seconds)

    def deadline(self) -> float:
        """Seconds after which Kubernetes gives up a version that is not ready."""
        return float(self.shown()["spec"]["progressDeadlineSeconds"])

    def stopped(self) -> bool:
        """Whether Kubernetes has given the change up by itself."""
        conditions = self.shown()["status"].get("conditions", [])
        return any(c["type"] == "Progressing" and c["status"] == "False" for c in conditions)

    def _all(self) -> set[str]:
        return self._kube.pod_names(self.service) | self._kube.leaving(self.service)

    def _ready(self) -> tuple[int, int]:
        pods = self._kube.pods(self.service)
        return sum(is_ready(pod) for pod in pods), len(pods)


def is_ready(pod: Any) -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))


def wait_all_ready(kube: Kube, services: Iterable[str], seconds: float) -> None:
    """Raises NotInTime."""
    for service in services:
        wait_until(f"{service} to be ready", lambda name=service: _serves(kube, name), seconds)


def _serves(kube: Kube, service: str) -> bool:
    shown = kube.get(f"deployment/{deployment(service)}")
    status, wanted = shown["status"], shown["spec"]["replicas"]
    current = status.get("observedGeneration") == shown["metadata"]["generation"]
    return bool(current and status.get("updatedReplicas", 0) == status.get("availableReplicas", 0) == status.get("replicas", 0) == wanted)
