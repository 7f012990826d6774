"""`skaffold dev`: what is changed in a file is served within seconds, and no image is built for it."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from farthing.embedded.contents import NAMES
from tests.cluster.exact.shopper import SEED_APP
from tests.cluster.kube import RELEASE, Helm, Kube, wait_until
from tests.cluster.load import URL
from tests.cluster.results import Results, Row
from tests.cluster.rollout import wait_all_ready
from tests.cluster.versions import copy_tree
from tests.needs import ROOT

pytestmark = [pytest.mark.cluster, pytest.mark.soak, pytest.mark.timeout(1200)]

CHANGED = Path("services/webhooks/src/farthing/webhooks/event_types.json")
BEFORE, AFTER = "A capture is complete", "A capture is complete, says skaffold"
WATCHES = "Watching for changes"
COMMAND = ("skaffold", "dev", "--profile=split", "--cleanup=false", "--port-forward=off", "--tail=false", "--interactive=false")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """What skaffold reads, to be changed."""
    folder = tmp_path / "tree"
    copy_tree(folder)
    for name in ("charts", "k8s"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy2(ROOT / "skaffold.yaml", folder)
    return folder


@dataclass(frozen=True, slots=True)
class Skaffold:
    process: subprocess.Popen[bytes]
    log: Path

    def said(self) -> str:
        return self.log.read_text()

    def watches(self) -> bool:
        assert self.process.poll() is None, f"skaffold has ended: {self.said()[-2000:]}"
        return WATCHES in self.said()


@pytest.fixture
def skaffold(tree: Path, kube: Kube, helm: Helm) -> Iterator[Skaffold]:
    """At work; afterwards the platform is as it was."""
    before, log = helm.revision(), tree.parent / "skaffold.log"
    # What kubectl changed in earlier experiments stays kubectl's, and skaffold does not insist: so they are made anew.
    kube.ctl("delete", "deployment", "--selector", f"app.kubernetes.io/name={RELEASE}")
    helm.upgrade()
    wait_all_ready(kube, NAMES, 180)
    with log.open("w") as out:
        process = subprocess.Popen(COMMAND, cwd=tree, stdout=out, stderr=subprocess.STDOUT)
        try:
            yield Skaffold(process, log)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)
            helm.rollback(before)


def described(http: httpx2.Client) -> str:
    """How the running platform describes the event; empty when it cannot be asked."""
    try:
        answer = http.get("/v1/notifications/webhooks-event-types")
    except httpx2.TransportError:
        return ""
    names = {one["name"]: one["description"] for one in answer.json()["event_types"]} if answer.is_success else {}
    return str(names.get("PAYMENT.CAPTURE.COMPLETED", ""))


def test_a_changed_file_is_served_at_once(tree: Path, skaffold: Skaffold, results: Results) -> None:
    deployed = wait_until(f"skaffold to be watching, it said: {skaffold.log}", skaffold.watches, 900)
    with httpx2.Client(base_url=URL) as http:
        token = http.post("/v1/oauth2/token", data={"grant_type": "client_credentials"}, auth=SEED_APP).json()["access_token"]
        http.headers["authorization"] = f"Bearer {token}"
        wait_until("webhooks to answer", lambda: described(http) == BEFORE, 60)
        built = skaffold.said().count("Building [")
        file = tree / CHANGED
        file.write_text(file.read_text("utf-8").replace(BEFORE, AFTER), "utf-8")
        served = wait_until("the change to be served", lambda: described(http) == AFTER, 60, every=0.1)
    assert skaffold.said().count("Building [") == built
    results.add(Row("skaffold dev", "webhooks", {}, f"deployed after {deployed:.0f} s; a changed file served after {served:.1f} s"))
