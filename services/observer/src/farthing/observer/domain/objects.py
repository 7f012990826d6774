"""What is read of the cluster's objects. Every fact may be missing: an object is seen at any moment of its life."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Deployment:
    """`template` and `ReplicaSet.template` are fingerprints of the pod template: equal when the pods would be.

    `changed`: when its spec was last changed. `revision`: the one that the controller works at; its conditions speak of that revision only
    when `current` (the controller has seen the newest spec). `whole`: all pods are of the new template, wanted and available.
    """

    uid: str
    name: str
    service: str
    generation: int
    current: bool
    desired: int
    template: str
    revision: int
    whole: bool = False
    changed: datetime | None = None
    reason: str = ""  # of the condition Progressing
    progressed: datetime | None = None  # when that condition last changed


@dataclass(frozen=True, slots=True)
class ReplicaSet:
    """`revisions`: all that it has been, for a rollback brings an old one back."""

    uid: str
    deployment: str
    version: str
    template: str
    revisions: frozenset[int]
    created: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run of a container ended. `number`: of the restart that follows, 1 for the first run's end."""

    number: int
    reason: str
    code: int
    at: datetime | None
    began: datetime | None = None


@dataclass(frozen=True, slots=True)
class Container:
    """`restarts`: how often it was started anew. `running`: since when, in its present run."""

    name: str
    restarts: int
    running: datetime | None = None
    ends: tuple[Ended, ...] = ()
    init: bool = False

    def starts(self) -> list[tuple[int, datetime]]:
        """When each of its runs that this still tells of began; the first run is number 0."""
        found = [(ended.number - 1, ended.began) for ended in self.ends] + [(self.restarts, self.running)]
        return [(number, at) for number, at in found if at is not None]


@dataclass(frozen=True, slots=True)
class Pod:
    """`deleted`: when that was asked for. `evicted`, `eviction`: when and why the cluster told it to leave.

    `initialized` only where it has init containers.
    """

    uid: str
    name: str
    service: str
    replica_set: str
    created: datetime | None = None
    node: str = ""
    address: str = ""
    scheduled: datetime | None = None
    initialized: datetime | None = None
    ready: datetime | None = None
    deleted: datetime | None = None
    evicted: datetime | None = None
    eviction: str = ""
    metrics_port: int = 0  # 0: it has none
    containers: tuple[Container, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """What a kubelet said of a pod: `kind` is `pulled`, or the probe that a container failed and was killed for."""

    pod: str
    kind: str
    at: datetime | None
    container: str = ""


@dataclass(frozen=True, slots=True)
class Autoscaler:
    deployment: str
    scaled: datetime | None


@dataclass(frozen=True, slots=True)
class Node:
    uid: str
    name: str
    ready: bool
    cordoned: bool


Object = Deployment | ReplicaSet | Pod | Event | Autoscaler | Node
