"""Objects as the charts and Kubernetes' controllers write them, with what observer reads and little else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

LABELS = {"app.kubernetes.io/name": "farthing", "app.kubernetes.io/instance": "farthing"}
Raw = dict[str, Any]


def wire(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def template(service: str, version: str) -> Raw:
    container = {"name": service, "image": f"farthing/{service}:{version}", "ports": [{"name": "internal", "containerPort": 8000}]}
    labels = {**LABELS, "app.kubernetes.io/component": service, "app.kubernetes.io/version": version}
    return {"metadata": {"labels": labels}, "spec": {"containers": [container]}}


def deployment(service: str, version: str, replicas: int = 1) -> Raw:
    labels = {**LABELS, "app.kubernetes.io/component": service}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template(service, version)}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": f"farthing-{service}", "labels": labels}, "spec": spec}


def deployment_status(found: Raw, at: datetime, reason: str = "NewReplicaSetAvailable") -> Raw:
    """The controller's word on the present specification: done, or whatever `reason` says."""
    count = found["spec"]["replicas"]
    done = reason == "NewReplicaSetAvailable"
    status = "False" if reason == "ProgressDeadlineExceeded" else "True"
    condition = {"type": "Progressing", "status": status, "reason": reason, "lastUpdateTime": wire(at), "lastTransitionTime": wire(at)}
    figures = {"replicas": count, "updatedReplicas": count, "readyReplicas": count, "availableReplicas": count}
    figures |= {} if done else {"replicas": count + 1, "updatedReplicas": 1}
    return {**found, "status": {"observedGeneration": found["metadata"]["generation"], "conditions": [condition], **figures}}


def replica_set(owner: Raw, revision: int, hashed: str, earlier: tuple[int, ...] = ()) -> Raw:
    labels = {**owner["spec"]["template"]["metadata"]["labels"], "pod-template-hash": hashed}
    notes = {"deployment.kubernetes.io/revision": str(revision)}
    notes |= {"deployment.kubernetes.io/revision-history": ",".join(map(str, earlier))} if earlier else {}
    meta = {"name": f"{owner['metadata']['name']}-{hashed}", "labels": labels, "annotations": notes, "ownerReferences": [_owner(owner)]}
    made = owner["spec"]["template"]
    spec = {"replicas": owner["spec"]["replicas"], "selector": {"matchLabels": {"pod-template-hash": hashed}}}
    body = {**spec, "template": {**made, "metadata": {"labels": labels}}}
    return {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": meta, "spec": body}


def pod(owner: Raw, suffix: str) -> Raw:
    labels = owner["spec"]["template"]["metadata"]["labels"]
    meta = {"name": f"{owner['metadata']['name']}-{suffix}", "labels": labels, "ownerReferences": [_owner(owner)]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": owner["spec"]["template"]["spec"]}


def pod_status(at: datetime, *, ready: bool = True, restarts: int = 0, address: str = "127.0.0.1", ended: Raw | None = None) -> Raw:
    """Scheduled, started and ready at one moment; `ended`: how the run before this one did."""
    conditions = [{"type": "PodScheduled", "status": "True", "lastTransitionTime": wire(at)}]
    if ready:
        conditions.append({"type": "Ready", "status": "True", "lastTransitionTime": wire(at)})
    container = {
        "name": "orders",
        "image": "x",
        "imageID": "x",
        "ready": ready,
        "restartCount": restarts,
        "state": {"running": {"startedAt": wire(at)}},
        "lastState": {"terminated": ended} if ended else {},
    }
    return {
        "status": {
            "phase": "Running",
            "podIP": address,
            "podIPs": [{"ip": address}],
            "conditions": conditions,
            "containerStatuses": [container],
        }
    }


def _owner(found: Raw) -> Raw:
    meta = found["metadata"]
    return {"apiVersion": "apps/v1", "kind": found["kind"], "name": meta["name"], "uid": meta["uid"], "controller": True}
