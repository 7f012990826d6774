"""A merchant's server in the cluster, which takes webhooks slowly, and can be away."""

from __future__ import annotations

import json
import uuid
from typing import Any

from tests.cluster.kube import RELEASE, Kube, wait_until
from tests.cluster.rollout import is_ready
from tests.cluster.store import Store, good

NAME = "farthing-receiver"
TOLD = ("PAYMENT.CAPTURE.COMPLETED", "PAYMENT.CAPTURE.REFUNDED", "PAYMENT.AUTHORIZATION.CREATED")
_LABELS = {"app.kubernetes.io/name": NAME}
# A third of a second for each: so that some are on their way whenever somebody looks.
_SCRIPT = """\
import http.server
import time


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        time.sleep(0.3)
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("", 8080), Receiver).serve_forever()
"""


class Receiver:
    """A Deployment of one pod with a Service, and a webhook that leads there."""

    def __init__(self, kube: Kube, image: str) -> None:
        self._kube, self._image, self._webhook = kube, image, ""

    def start(self, store: Store) -> None:
        """Raises CommandFailed, NotInTime, Refused."""
        self._kube.ctl("apply", "--filename", "-", given=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects(self._image)}))
        self._wait(1)
        url = f"http://{NAME}:8080/{uuid.uuid4().hex}"  # an app registers each only once
        body = json.dumps({"url": url, "event_types": [{"name": name} for name in TOLD]}).encode()
        self._webhook = str(good(store.send("/v1/notifications/webhooks", body))["id"])

    def away(self) -> None:
        """Until `back`: nobody takes a connection. Raises CommandFailed, NotInTime."""
        self._kube.ctl("scale", f"deployment/{NAME}", "--replicas=0")
        self._wait(0)

    def back(self) -> None:
        """Raises CommandFailed, NotInTime."""
        self._kube.ctl("scale", f"deployment/{NAME}", "--replicas=1")
        self._wait(1)

    def remove(self, store: Store) -> None:
        """Raises CommandFailed, Refused."""
        if self._webhook:
            good(store.send(f"/v1/notifications/webhooks/{self._webhook}", b"", "DELETE"))
        self._kube.ctl("delete", "deployment,service,networkpolicy", NAME, "--ignore-not-found", "--wait=false")

    def _wait(self, pods: int) -> None:
        wait_until(f"{NAME} to have {pods} pods", lambda: self._ready() == [True] * pods, 60)

    def _ready(self) -> list[bool]:
        selector = ",".join(f"{name}={value}" for name, value in _LABELS.items())
        return [is_ready(pod) for pod in self._kube.get("pods", "--selector", selector)["items"]]


def objects(image: str) -> list[dict[str, Any]]:
    """Under the namespace's restricted standard, with nothing allowed but what webhooks sends."""
    webhooks = {"matchLabels": {"app.kubernetes.io/instance": RELEASE, "app.kubernetes.io/component": "webhooks"}}
    policy = {
        "podSelector": {"matchLabels": _LABELS},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": [{"podSelector": webhooks}], "ports": [{"port": 8080}]}],
    }
    meta = {"name": NAME, "labels": _LABELS}
    return [
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": _deployment(image)},
        {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {"selector": _LABELS, "ports": [{"port": 8080}]}},
        {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": policy},
    ]


def _deployment(image: str) -> dict[str, Any]:
    container = {
        "name": "receiver",
        "image": image,  # any with Python
        "command": ["python", "-c", _SCRIPT],
        "ports": [{"containerPort": 8080}],
        "readinessProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 1},
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}},
        "securityContext": {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}},
    }
    pod = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 1,  # it hears no signal
        "securityContext": {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
    }
    return {"replicas": 1, "selector": {"matchLabels": _LABELS}, "template": {"metadata": {"labels": _LABELS}, "spec": pod}}
