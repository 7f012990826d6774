"""kubectl and helm against one cluster: every command names it, so that no other one is ever touched."""

from __future__ import annotations

import json
import re
import subprocess
import time
from typing import Any

_FRACTION = re.compile(r"\d+\.\d+")
CONTEXT, NAMESPACE, RELEASE, CLUSTER = "kind-farthing", "farthing", "farthing", "farthing"
EMBEDDED = "embedded"  # the component that is everything in one process


def deployment(component: str) -> str:
    """The name of a component's Deployment: that of the one process is the release's own."""
    return RELEASE if component == EMBEDDED else f"{RELEASE}-{component}"


class CommandFailed(Exception):
    """A command ended with an error; the text is the command and what it said last."""


class NotInTime(Exception):
    """What was waited for did not come."""


def run(*words: str, given: str | None = None, timeout: float = 300) -> str:
    """Raises CommandFailed."""
    done = subprocess.run(words, capture_output=True, text=True, check=False, input=given, timeout=timeout)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()
        raise CommandFailed(f"{' '.join(words[:12])}: {said[-1]}")
    return done.stdout


class Kube:
    """The namespace that the platform is in."""

    def __init__(self, context: str = CONTEXT, namespace: str = NAMESPACE) -> None:
        self._where = ("--context", context, "--namespace", namespace)
        self.namespace = namespace

    def ctl(self, *words: str, given: str | None = None, timeout: float = 300) -> str:
        """Raises CommandFailed."""
        return run(*self.command(*words), given=given, timeout=timeout)

    def command(self, *words: str) -> tuple[str, ...]:
        """For one that goes on until it is ended."""
        return ("kubectl", *self._where, *words)

    def get(self, *words: str) -> Any:
        """What kubectl shows, as JSON. Raises CommandFailed."""
        return json.loads(self.ctl("get", *words, "--output", "json"))

    def pods(self, component: str, instance: str = RELEASE) -> list[Any]:
        """Pods of a service that are not on their way out. Raises CommandFailed."""
        wanted = f"app.kubernetes.io/instance={instance},app.kubernetes.io/component={component}"
        return [pod for pod in self.get("pods", "--selector", wanted)["items"] if "deletionTimestamp" not in pod["metadata"]]

    def leaving(self, component: str) -> set[str]:
        """Names of a service's pods that still finish what they have. Raises CommandFailed."""
        wanted = f"app.kubernetes.io/instance={RELEASE},app.kubernetes.io/component={component}"
        pods = self.get("pods", "--selector", wanted)["items"]
        return {pod["metadata"]["name"] for pod in pods if "deletionTimestamp" in pod["metadata"]}

    def pod_names(self, component: str, instance: str = RELEASE) -> set[str]:
        return {pod["metadata"]["name"] for pod in self.pods(component, instance)}

    def delete_pod(self, name: str, *, force: bool = False) -> None:
        """Raises CommandFailed. `force`: without the chance to say goodbye, as a crash."""
        self.ctl("delete", "pod", name, "--wait=false", *(("--grace-period=0", "--force") if force else ()))

    def metrics(self, pod: str) -> str:
        """What the pod tells Prometheus, through the API server. Raises CommandFailed."""
        return self.ctl("get", "--raw", f"/api/v1/namespaces/{self.namespace}/pods/{pod}:8000/proxy/metrics", timeout=20)

    def ask(self, service: str, path: str) -> Any:
        """What a Service (`name:port`) answers, as JSON, through the API server. Raises CommandFailed."""
        return json.loads(self.ctl("get", "--raw", f"/api/v1/namespaces/{self.namespace}/services/{service}/proxy{path}", timeout=60))

    def kill(self, pod: str, container: str) -> None:
        """End a container as a crash would, behind the kubelet's back. Raises CommandFailed."""
        shown = self.get(f"pod/{pod}")
        [name] = [one["containerID"] for one in shown["status"]["containerStatuses"] if one["name"] == container]
        run("docker", "exec", shown["spec"]["nodeName"], "crictl", "stop", "--timeout", "0", name.removeprefix("containerd://"))

    def restarts(self, pod: str) -> int:
        """How often its containers were started anew. Raises CommandFailed."""
        return sum(int(one["restartCount"]) for one in self.get(f"pod/{pod}")["status"]["containerStatuses"])

    def secret(self, name: str, key: str) -> str:
        """Raises CommandFailed."""
        shown = self.ctl("get", "secret", name, "--output", f"go-template={{{{index .data {json.dumps(key)} | base64decode}}}}")
        return shown.strip()


class Helm:
    """The platform's release.

    Helm 4 refuses to change what kubectl changed last (a scale, a rollout that was undone); the experiments do both, so it is told to.
    """

    def __init__(self, chart: str, context: str = CONTEXT, namespace: str = NAMESPACE, release: str = RELEASE) -> None:
        self._chart, self._release = chart, release
        self._where = ("--kube-context", context, "--namespace", namespace)
        self._force = () if run("helm", "version", "--short").startswith("v3") else ("--force-conflicts",)

    def upgrade(self, *sets: str) -> None:
        """Change values (`path=value`), and wait for nothing. Raises CommandFailed."""
        words = [word for value in sets for word in (_how(value), value)]
        run("helm", "upgrade", self._release, self._chart, *self._where, *self._force, "--reuse-values", *words)

    def revision(self) -> int:
        """Raises CommandFailed."""
        return int(json.loads(run("helm", "status", self._release, *self._where, "--output", "json"))["version"])

    def rollback(self, revision: int) -> None:
        """Raises CommandFailed."""
        run("helm", "rollback", self._release, str(revision), *self._where, *self._force)


def _how(value: str) -> str:
    """Helm takes digits for a number, also where text is meant, and a number with a point for text."""
    path, _, given = value.partition("=")
    if path.endswith(".image.tag") or ".env." in path:
        return "--set-string"
    return "--set-json" if _FRACTION.fullmatch(given) else "--set"


def wait_until(what: str, holds: Any, seconds: float, every: float = 1.0) -> float:
    """Answer after how many seconds it held. A command that fails meanwhile counts as not yet. Raises NotInTime."""
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        try:
            if holds():
                return time.monotonic() - begun
        except CommandFailed:
            pass
        time.sleep(every)
    raise NotInTime(f"{what}: not within {seconds:g} s")
