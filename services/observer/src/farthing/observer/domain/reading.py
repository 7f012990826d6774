"""The API's JSON as objects. Nothing here fails on what is missing or of another kind: it is as if it were not said."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from farthing.observer.domain.objects import Autoscaler, Container, Deployment, Ended, Event, Node, Object, Pod, ReplicaSet
from farthing.observer.domain.times import moment

Raw = Mapping[str, Any]
COMPONENT: Final = "app.kubernetes.io/component"
VERSION: Final = "app.kubernetes.io/version"
_REVISION, _EARLIER = "deployment.kubernetes.io/revision", "deployment.kubernetes.io/revision-history"
_HASH = "pod-template-hash"
_PROBES = {f"failed {probe} probe": probe for probe in ("liveness", "startup")}


def part(raw: object, *path: str) -> Raw:
    """The object at a path, empty where there is none."""
    for name in path:
        raw = raw.get(name) if isinstance(raw, Mapping) else None
    return raw if isinstance(raw, Mapping) else {}


def items(raw: Raw, name: str) -> list[Raw]:
    found = raw.get(name)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def word(raw: Raw, name: str) -> str:
    found = raw.get(name)
    return found if isinstance(found, str) else ""


def number(raw: Raw, name: str, default: int = 0) -> int:
    found = raw.get(name)
    return found if isinstance(found, int) else int(found) if isinstance(found, str) and found.isdecimal() else default


def deployment(raw: Raw) -> Deployment:
    meta, spec, status = part(raw, "metadata"), part(raw, "spec"), part(raw, "status")
    desired, generation = number(spec, "replicas", 1), number(meta, "generation")
    progressing = _condition(status, "Progressing")
    figures = {number(status, name) for name in ("replicas", "updatedReplicas", "availableReplicas")}
    return Deployment(
        uid=word(meta, "uid"),
        name=word(meta, "name"),
        service=_service(meta),
        generation=generation,
        current=number(status, "observedGeneration") == generation,
        desired=desired,
        template=_fingerprint(spec),
        revision=number(part(meta, "annotations"), _REVISION),
        whole=figures == {desired},
        changed=_spec_changed(raw),
        reason=word(progressing, "reason"),
        progressed=moment(progressing.get("lastUpdateTime")),
    )


def replica_set(raw: Raw) -> ReplicaSet:
    meta, notes = part(raw, "metadata"), part(raw, "metadata", "annotations")
    earlier = (text for text in word(notes, _EARLIER).split(",") if text.isdecimal())
    return ReplicaSet(
        uid=word(meta, "uid"),
        deployment=_owner(meta, "Deployment"),
        version=word(part(raw, "spec", "template", "metadata", "labels"), VERSION),
        template=_fingerprint(part(raw, "spec")),
        revisions=frozenset({number(notes, _REVISION), *map(int, earlier)} - {0}),
        created=moment(meta.get("creationTimestamp")),
    )


def pod(raw: Raw) -> Pod:
    meta, spec, status = part(raw, "metadata"), part(raw, "spec"), part(raw, "status")
    at, eviction = _evicted(status)
    begun = bool(items(spec, "initContainers"))
    inits = [_container(one, init=True) for one in items(status, "initContainerStatuses")]
    return Pod(
        uid=word(meta, "uid"),
        name=word(meta, "name"),
        service=_service(meta),
        replica_set=_owner(meta, "ReplicaSet"),
        created=moment(meta.get("creationTimestamp")),
        node=word(spec, "nodeName"),
        address=word(status, "podIP"),
        scheduled=_since(status, "PodScheduled"),
        initialized=_since(status, "Initialized") if begun else None,
        ready=_since(status, "Ready"),
        deleted=_deleted(meta),
        evicted=at,
        eviction=eviction,
        metrics_port=_metrics_port(spec),
        containers=(*inits, *(_container(one) for one in items(status, "containerStatuses"))),
    )


def event(raw: Raw) -> Event:
    """`lastTimestamp` of a repeated event is its latest time; the first is added by whoever saw it then."""
    about, reason, message = part(raw, "involvedObject"), word(raw, "reason"), word(raw, "message")
    kind = "pulled" if reason == "Pulled" else ""
    if reason == "Killing":
        kind = next((probe for words, probe in _PROBES.items() if words in message), "")
    path = word(about, "fieldPath")
    at = moment(raw.get("firstTimestamp" if kind == "pulled" else "lastTimestamp")) or moment(raw.get("eventTime"))
    return Event(pod=word(about, "uid"), kind=kind, at=at, container=path[path.find("{") + 1 : -1] if path.endswith("}") else "")


def autoscaler(raw: Raw) -> Autoscaler:
    target = part(raw, "spec", "scaleTargetRef")
    name = word(target, "name") if word(target, "kind") == "Deployment" else ""
    return Autoscaler(deployment=name, scaled=moment(part(raw, "status").get("lastScaleTime")))


def node(raw: Raw) -> Node:
    meta, ready = part(raw, "metadata"), word(_condition(part(raw, "status"), "Ready"), "status") == "True"
    cordoned = part(raw, "spec").get("unschedulable") is True
    return Node(uid=word(meta, "uid"), name=word(meta, "name"), ready=ready, cordoned=cordoned)


READERS: Final[Mapping[str, Callable[[Raw], Object]]] = MappingProxyType(
    {
        "deployments": deployment,
        "replicasets": replica_set,
        "pods": pod,
        "events": event,
        "horizontalpodautoscalers": autoscaler,
        "nodes": node,
    }
)


def _service(meta: Raw) -> str:
    return word(part(meta, "labels"), COMPONENT) or word(meta, "name")


def _owner(meta: Raw, kind: str) -> str:
    owners = [word(one, "uid") for one in items(meta, "ownerReferences") if one.get("kind") == kind]
    return owners[0] if owners else ""


def _condition(status: Raw, kind: str) -> Raw:
    return next((one for one in items(status, "conditions") if one.get("type") == kind), {})


def _since(status: Raw, kind: str) -> datetime | None:
    """Since when a condition holds; None while it does not."""
    found = _condition(status, kind)
    return moment(found.get("lastTransitionTime")) if found.get("status") == "True" else None


def _evicted(status: Raw) -> tuple[datetime | None, str]:
    """A disruption that the cluster caused, or a kubelet short of something: since when, and its reason."""
    found = _condition(status, "DisruptionTarget")
    if found.get("status") == "True":
        return moment(found.get("lastTransitionTime")), word(found, "reason")
    return None, ""


def _container(raw: Raw, *, init: bool = False) -> Container:
    """`restartCount` is of the newest run, living or dead: what has ended while nothing runs is the end of that very run."""
    restarts, state = number(raw, "restartCount"), part(raw, "state")
    running = moment(part(state, "running").get("startedAt"))
    newest, before = part(state, "terminated"), part(raw, "lastState", "terminated")
    if not newest and running is None:
        newest, before = before, {}
    found = [(restarts + 1, newest), (restarts, before)]
    return Container(word(raw, "name"), restarts, running, tuple(_ended(count, one) for count, one in found if one), init)


def _ended(count: int, raw: Raw) -> Ended:
    return Ended(count, word(raw, "reason"), number(raw, "exitCode"), moment(raw.get("finishedAt")), moment(raw.get("startedAt")))


def _metrics_port(spec: Raw) -> int:
    """The port that the chart calls `internal`; the one process has none by that name."""
    ports = [port for one in items(spec, "containers") for port in items(one, "ports")]
    return next((number(port, "containerPort") for port in ports if port.get("name") == "internal"), 0)


def _deleted(meta: Raw) -> datetime | None:
    """`deletionTimestamp` is when it must be gone: the grace period after it was asked for."""
    until = moment(meta.get("deletionTimestamp"))
    return until and until - timedelta(seconds=number(meta, "deletionGracePeriodSeconds"))


def _fingerprint(spec: Raw) -> str:
    """Of the pod template, without the label that its ReplicaSet adds."""
    template = dict(part(spec, "template"))
    meta = dict(part(template, "metadata"))
    labels = {name: value for name, value in part(meta, "labels").items() if name != _HASH}
    content = {**template, "metadata": {**meta, "labels": labels}}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def _spec_changed(raw: Raw) -> datetime | None:
    """The latest time that anybody but the controller wrote the spec, from the API server's record of who owns which field.

    Of who scales it keeps no time, and often no entry: see DeploymentFacts.add.
    """
    entries = items(part(raw, "metadata"), "managedFields")
    found = [moment(one.get("time")) for one in entries if "f:spec" in part(one, "fieldsV1")]
    return max((at for at in found if at is not None), default=None)
