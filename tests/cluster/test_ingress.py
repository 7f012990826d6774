"""An Ingress instead of the Gateway API: each operation finds its service."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.cluster.blast import Shop
from tests.cluster.kube import Helm, Kube, wait_until

pytestmark = [pytest.mark.cluster, pytest.mark.soak, pytest.mark.timeout(600)]

CONTROLLER = Path(__file__).parent / "data" / "ingress-controller.yaml"
HOST, PORT = "localhost", 18081
VALUES = ("ingress.enabled=true", "ingress.className=farthing-experiment", f"ingress.host={HOST}")


@pytest.fixture
def ingress(kube: Kube, helm: Helm) -> Iterator[str]:
    """The platform's address behind an ingress controller."""
    before = helm.revision()
    try:
        kube.ctl("apply", "--filename", str(CONTROLLER))
        helm.upgrade(*VALUES)
        kube.ctl("rollout", "status", "deployment/ingress-controller", "--timeout=120s")
        yield from _forwarded(kube)
    finally:
        helm.rollback(before)
        kube.ctl("delete", "--filename", str(CONTROLLER), "--ignore-not-found", "--wait=false")


def _forwarded(kube: Kube) -> Iterator[str]:
    command = kube.command("port-forward", "deployment/ingress-controller", f"{PORT}:8000")
    forwarding = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert forwarding.stdout is not None
        assert forwarding.stdout.readline().startswith("Forwarding from")
        yield f"http://{HOST}:{PORT}"
    finally:
        forwarding.terminate()
        forwarding.communicate(timeout=30)


def test_every_operation_finds_its_service(ingress: str, operator: str, kube: Kube) -> None:
    wait_until("the ingress to lead somewhere", lambda: _serves(ingress), 60)
    shop = Shop(operator, ingress)
    try:
        outcomes = shop.outcomes()
    finally:
        shop.close()
    assert {name: outcome.status for name, outcome in outcomes.items() if outcome.failed} == {}
    shown = kube.get("ingress/farthing")["spec"]["rules"]
    assert [rule["host"] for rule in shown] == [HOST]


def _serves(url: str) -> bool:
    """Whether webhooks itself answers: it wants a token."""
    try:
        return httpx2.get(f"{url}/v1/notifications/webhooks").status_code == httpx2.codes.UNAUTHORIZED
    except httpx2.TransportError:
        return False
