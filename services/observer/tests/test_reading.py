"""What is read of the cluster's objects, as a real API server writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from farthing.observer.domain import reading
from farthing.observer.domain.history import History

HELM = {"manager": "helm", "operation": "Apply", "time": "2026-11-27T04:58:47Z", "fieldsV1": {"f:spec": {}}}
CONTROLLER = {"manager": "kube-controller-manager", "operation": "Update", "time": "2026-11-27T05:00:22Z", "fieldsV1": {"f:status": {}}}
SCALED = {"manager": "kubectl", "operation": "Update", "subresource": "scale", "fieldsV1": {"f:spec": {"f:replicas": {}}}}


def deployment(generation: int, replicas: int, *managers: dict[str, Any]) -> dict[str, Any]:
    """Its first revision is complete."""
    facts = {"labels": {"app.kubernetes.io/component": "orders"}, "annotations": {"deployment.kubernetes.io/revision": "1"}}
    meta = {"uid": "d", "name": "farthing-orders", "generation": generation, "managedFields": list(managers), **facts}
    done = {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable", "lastUpdateTime": "2026-11-27T04:59:05Z"}
    counts = dict.fromkeys(("replicas", "updatedReplicas", "availableReplicas"), replicas)
    status = {"observedGeneration": generation, "conditions": [done], **counts}
    return {"metadata": meta, "spec": {"replicas": replicas, "template": {}}, "status": status}


def replica_set() -> dict[str, Any]:
    owner = {"kind": "Deployment", "uid": "d", "controller": True}
    annotations = {"deployment.kubernetes.io/revision": "1"}
    meta = {"uid": "r", "creationTimestamp": "2026-11-27T04:58:47Z", "annotations": annotations, "ownerReferences": [owner]}
    return {"metadata": meta, "spec": {"template": {}}}


def test_who_wrote_the_spec_last() -> None:
    assert reading.deployment(deployment(1, 1, HELM, CONTROLLER)).changed == datetime(2026, 11, 27, 4, 58, 47, tzinfo=UTC)


@pytest.mark.parametrize("record", [(HELM, SCALED, CONTROLLER), (HELM, CONTROLLER)], ids=["without time", "without entry"])
def test_a_scale_out_begins_when_it_is_seen(record: tuple[dict[str, Any], ...]) -> None:
    """And not when the chart was installed, within the rollout that this began: of who scaled the server writes down no time."""
    history, seen = History(), datetime(2026, 11, 27, 4, 59, 30, tzinfo=UTC)
    history.observe(reading.replica_set(replica_set()))
    history.observe(reading.deployment(deployment(1, 1, HELM, CONTROLLER)))
    history.observe(reading.deployment(deployment(2, 3, *record)), seen)
    assert [(one.kind, one.began) for one in history.happenings(seen) if one.kind == "scale-out"] == [("scale-out", seen)]
