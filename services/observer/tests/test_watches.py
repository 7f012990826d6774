"""The watches against a real API server: what is changed while they cannot see it is found again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from farthing.observer.domain.happenings import Happening
from farthing.observer.gateways import kubernetes
from services.observer.tests import cluster_objects as objects
from services.observer.tests.api_server import NAMESPACE, ApiServer
from services.observer.tests.conftest import Watching, wait_until, watching
from services.observer.tests.switch import Switch

pytestmark = [pytest.mark.needs_kubernetes, pytest.mark.timeout(300)]

APPS, CORE = f"/apis/apps/v1/namespaces/{NAMESPACE}", f"/api/v1/namespaces/{NAMESPACE}"
MERGE = "application/merge-patch+json"
Raw = dict[str, Any]


class Controllers:
    """Does to one service what Kubernetes' controllers and a kubelet do."""

    def __init__(self, api: ApiServer, service: str) -> None:
        self.api, self.service = api, service
        self.name = f"farthing-{service}"

    def deploy(self, version: str) -> Raw:
        return self.api.call("POST", f"{APPS}/deployments", objects.deployment(self.service, version))

    def change(self, patch: Raw) -> Raw:
        return self.api.call("PATCH", f"{APPS}/deployments/{self.name}", patch, MERGE)

    def take_up(self, owner: Raw, revision: int, hashed: str) -> Raw:
        """What the controller does first: a ReplicaSet, and the revision on the Deployment."""
        made = self.api.call("POST", f"{APPS}/replicasets", objects.replica_set(owner, revision, hashed))
        self.change({"metadata": {"annotations": {"deployment.kubernetes.io/revision": str(revision)}}})
        return made

    def say(self, at: datetime, reason: str = "NewReplicaSetAvailable") -> None:
        found = self.api.call("GET", f"{APPS}/deployments/{self.name}")
        self.api.call("PUT", f"{APPS}/deployments/{self.name}/status", objects.deployment_status(found, at, reason))

    def add_pod(self, owner: Raw, suffix: str) -> str:
        return str(self.api.call("POST", f"{CORE}/pods", objects.pod(owner, suffix))["metadata"]["name"])

    def set_pod(self, name: str, status: Raw) -> None:
        self.api.call("PATCH", f"{CORE}/pods/{name}/status", status, MERGE)

    def remove_pod(self, name: str) -> None:
        self.api.call("DELETE", f"{CORE}/pods/{name}", {"gracePeriodSeconds": 0})

    def roll_out(self, version: str, revision: int) -> str:
        """A complete rollout; answers its pod. The second begins in another second than the first ended."""
        time.sleep(1 if revision > 1 else 0)
        owner = self.change({"spec": {"template": objects.template(self.service, version)}}) if revision > 1 else self.deploy(version)
        own = self.take_up(owner, revision, f"hash{revision}")
        name = self.add_pod(own, "a")
        self.set_pod(name, objects.pod_status(datetime.now(UTC)))
        self.say(datetime.now(UTC))
        return name


@pytest.fixture
def wire(api: ApiServer) -> Iterator[Switch]:
    switch = Switch(api.port)
    yield switch
    switch.stop()


def of(watched: Watching, service: str) -> list[Happening]:
    """Without what only the moment of seeing can tell."""
    return sorted(
        (_whole(one) for one in watched.happenings() if one.service == service), key=lambda one: (one.kind, one.key), reverse=True
    )


def _whole(one: Happening) -> Happening:
    pods = [replace(pod, began=_second(pod.began), phases=tuple(_whole_phase(phase) for phase in pod.phases)) for pod in one.pods]
    return replace(one, began=_second(one.began), ended=one.ended and _second(one.ended), pods=tuple(pods))


def _whole_phase(phase: Any) -> Any:
    return replace(phase, began=_second(phase.began), ended=_second(phase.ended))


def _second(at: datetime) -> datetime:
    return at.replace(microsecond=0)


def test_a_rollout_is_seen_with_the_rights_of_the_chart(api: ApiServer) -> None:
    controllers = Controllers(api, "orders")
    with watching(api.kubeconfig("observer-token", api.port)) as watched:
        controllers.roll_out("1.0.0", 1)
        controllers.roll_out("1.1.0", 2)
        wait_until(lambda: [one.outcome for one in of(watched, "orders")] == ["complete", "complete"])
        second, first = of(watched, "orders")
        assert (second.kind, second.from_version, second.to_version, len(second.pods)) == ("rollout", "1.0.0", "1.1.0", 1)
        assert (first.from_version, first.to_version) == ("", "1.0.0")
        assert [phase.name for phase in second.pods[0].phases] == ["scheduled", "started", "ready"]
        assert watched.log.getvalue() == b""


def test_what_changed_behind_a_cut_wire_comes_without_reading_everything_anew(api: ApiServer, wire: Switch) -> None:
    controllers = Controllers(api, "payments")
    with watching(api.kubeconfig("observer-token", wire.port)) as cut, watching(api.kubeconfig("observer-token", api.port)) as whole:
        old = controllers.roll_out("1.0.0", 1)
        wait_until(lambda: old in cut.pods())
        wire.cut()
        new = controllers.roll_out("1.1.0", 2)
        controllers.remove_pod(old)
        wait_until(lambda: {old, new} & whole.pods() == {new})
        assert {old, new} & cut.pods() == {old}
        wire.mend()
        wait_until(lambda: {old, new} & cut.pods() == {new})
        wait_until(lambda: of(cut, "payments") == of(whole, "payments"))
        assert [one.outcome for one in of(cut, "payments")] == ["complete", "complete"]
        assert sorted(cut.lists) == sorted(set(cut.lists))


def test_when_the_server_has_forgotten_everything_is_read_anew_and_compared(api: ApiServer, wire: Switch) -> None:
    controllers = Controllers(api, "ledger")
    with watching(api.kubeconfig("observer-token", wire.port)) as cut:
        old = controllers.roll_out("1.0.0", 1)
        wait_until(lambda: old in cut.pods() and [one.outcome for one in of(cut, "ledger")] == ["complete"])
        wire.cut()
        new = controllers.roll_out("1.1.0", 2)
        at = objects.wire(datetime.now(UTC))
        ended = {"reason": "OOMKilled", "exitCode": 137, "startedAt": at, "finishedAt": at}
        controllers.set_pod(new, objects.pod_status(datetime.now(UTC), restarts=1, ended=ended))
        controllers.remove_pod(old)
        api.kill_server()
        api.start_server()
        wire.mend()
        wait_until(lambda: {old, new} & cut.pods() == {new})
        told = [
            ("rollout", "1.1.0", "complete", ""),
            ("rollout", "1.0.0", "complete", ""),
            ("restart", "1.1.0", "complete", "OOMKilled"),
        ]
        wait_until(lambda: [(one.kind, one.to_version, one.outcome, one.cause) for one in of(cut, "ledger")] == told)
        assert cut.lists.count("pods") == 2
        assert b"watch.expired" in cut.log.getvalue()
        with watching(api.kubeconfig("observer-token", api.port)) as fresh:
            assert of(fresh, "ledger") == [one for one in of(cut, "ledger") if one.key[2] != "1"]  # what the Deployment is no longer at


def test_a_long_list_comes_in_pages(api: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubernetes, "PAGE", 2)
    controllers = Controllers(api, "vault")
    own = controllers.take_up(controllers.deploy("1.0.0"), 1, "hash1")
    names = {controllers.add_pod(own, f"{number}") for number in range(5)}
    with watching(api.kubeconfig("observer-token", api.port)) as watched:
        assert names <= watched.pods()


def test_a_missing_right_stops_only_its_own_kind(api: ApiServer) -> None:
    """Nodes are of the cluster: an operator may refuse them."""
    path = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/observer"
    binding = api.call("GET", path)
    api.call("DELETE", path)
    try:
        watched = Watching(api.kubeconfig("observer-token", api.port))
        wait_until(lambda: len(set(watched.lists)) == 5 and b'"status":403' in watched.log.getvalue())
        assert "nodes" not in watched.lists
        watched.stop()
    finally:
        meta = {"name": "observer"}
        api.call("POST", path.rpartition("/")[0], {**binding, "metadata": meta})
