"""All that has happened, from all that has been seen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from farthing.observer.domain.facts import DeploymentFacts, NodeFacts, PodFacts, ReplicaSetFacts
from farthing.observer.domain.happenings import Happening
from farthing.observer.domain.losses import evictions, restarts
from farthing.observer.domain.objects import Autoscaler, Deployment, Event, Node, Object, Pod, ReplicaSet
from farthing.observer.domain.rollouts import Rollouts
from farthing.observer.domain.scaling import PROMPTLY, ScaleOuts
from farthing.observer.domain.times import Times

FORGOTTEN = timedelta(minutes=15)  # after an object is gone, or what happened to it is over
UNFINISHED = timedelta(minutes=15)  # a loss that was never made good: its ReplicaSet wants no such pod any more


class History:
    """Fed with objects as they are seen; says what has happened.

    The answer depends on what was seen, not on the order, nor on how often. `at`: the moment of a watch's news, None for what a list found.
    """

    def __init__(self) -> None:
        self._deployments: dict[str, DeploymentFacts] = {}
        self._sets: dict[str, ReplicaSetFacts] = {}
        self._pods: dict[str, PodFacts] = {}
        self._autoscaled: defaultdict[str, Times] = defaultdict(Times)
        self._nodes: dict[str, NodeFacts] = {}

    def observe(self, seen: Object, at: datetime | None = None) -> None:
        match seen:
            case Deployment():
                self._deployments.setdefault(seen.uid, DeploymentFacts(seen.uid)).add(seen, at)
            case ReplicaSet():
                self._sets.setdefault(seen.uid, ReplicaSetFacts(seen)).add(seen, at)
            case Pod():
                self._pod(seen.uid).add(seen, at)
            case Event() if seen.kind:
                self._pod(seen.pod).add_event(seen, at)
            case Autoscaler():
                self._autoscaled[seen.deployment].add(seen.scaled, at)
            case Node():
                self._nodes.setdefault(seen.uid, NodeFacts(seen.uid)).add(seen)
            case _:
                pass

    def gone(self, uid: str, at: datetime) -> None:
        """An object was deleted, at the latest then."""
        for known in (self._deployments, self._sets, self._pods, self._nodes):
            facts = known.get(uid)
            if facts is not None:
                facts.gone = min(at, facts.gone or at)

    def served(self, uid: str, at: datetime) -> None:
        """A pod answered a request."""
        if uid in self._pods:
            self._pods[uid].served.add(at)

    def pods(self) -> list[PodFacts]:
        """The pods that are there."""
        return [pod for pod in self._pods.values() if pod.known and pod.gone is None]

    def services(self) -> set[str]:
        return {one.service for one in self._deployments.values() if one.gone is None}

    def nodes_not_ready(self) -> set[str]:
        """Their names. Of two with one name it is the one that is there."""
        ready = {one.name: one.ready for one in sorted(self._nodes.values(), key=lambda one: one.gone is None)}
        return {name for name, is_ready in ready.items() if not is_ready}

    def happenings(self, now: datetime) -> list[Happening]:
        """Everything that is remembered, oldest first."""
        pods = [pod for pod in self._pods.values() if pod.known]
        by_set: defaultdict[str, list[PodFacts]] = defaultdict(list)
        for pod in pods:
            by_set[pod.replica_set].append(pod)
        names, versions = self._names(), {one.uid: one.version for one in self._sets.values()}
        found = [one for facts in self._deployments.values() for one in self._of(facts, by_set)]
        for uid, own in by_set.items():
            found += [one for pod in own for one in restarts(pod, names.get(uid, ""), versions.get(uid, ""))]
            found += evictions(own, names, versions) if uid else []
        return sorted((_closed(one, now) for one in found), key=lambda one: (one.began, one.key))

    def forget(self, now: datetime, told: Container[tuple[str, ...]]) -> None:
        """Drop what is long gone, and of what is still there all that is needed by no happening but those told and long over.

        `told`: the keys of those that need not be known any longer.
        """
        self._forget_facts(now, told)

        def old(facts: DeploymentFacts | ReplicaSetFacts | PodFacts | NodeFacts) -> bool:
            return facts.gone is not None and now - facts.gone > FORGOTTEN

        self._nodes = {uid: facts for uid, facts in self._nodes.items() if not old(facts)}
        self._deployments = {uid: facts for uid, facts in self._deployments.items() if not old(facts)}
        self._sets = {uid: facts for uid, facts in self._sets.items() if not old(facts)}
        self._pods = {uid: facts for uid, facts in self._pods.items() if not old(facts) and not _stray(facts, now)}

    def _forget_facts(self, now: datetime, told: Container[tuple[str, ...]]) -> None:
        found: defaultdict[str, list[Happening]] = defaultdict(list)  # by the Deployment or the pod
        for one in self.happenings(now):
            found[one.key[1]].append(one)
        oldest = recent = now - FORGOTTEN
        living: list[DeploymentFacts | PodFacts] = [*self._deployments.values(), *self._pods.values()]
        for facts in living:
            uid = facts.uid
            needed = [one.began for one in found[uid] if one.key not in told or (one.ended is not None and one.ended >= recent)]
            since = min([recent, *needed])
            facts.forget(found[uid], since)
            oldest = min(oldest, since)
        for times in self._autoscaled.values():
            times.forget(oldest - PROMPTLY)

    def _pod(self, uid: str) -> PodFacts:
        return self._pods.setdefault(uid, PodFacts(uid))

    def _names(self) -> dict[str, str]:
        """Of Deployments, by ReplicaSet."""
        return {one.uid: self._deployments[one.deployment].name for one in self._sets.values() if one.deployment in self._deployments}

    def _of(self, facts: DeploymentFacts, by_set: dict[str, list[PodFacts]]) -> Iterable[Happening]:
        sets = [one for one in self._sets.values() if one.deployment == facts.uid]
        pods = [pod for one in sets for pod in by_set.get(one.uid, ())]
        changes = facts.changes()
        rollouts = Rollouts(facts, changes, sets, pods)
        yield from rollouts.happenings()
        yield from ScaleOuts(facts, changes, rollouts, pods, self._autoscaled[facts.name]).happenings()


def _stray(pod: PodFacts, now: datetime) -> bool:
    """An event was seen about it, and the pod never: it is not the platform's."""
    said = [at for times in (pod.pulled, *pod.killed.values()) if (at := times.first()) is not None]
    return not pod.known and all(now - at > FORGOTTEN for at in said)


def _closed(one: Happening, now: datetime) -> Happening:
    if one.ended is None and one.kind in {"restart", "eviction"} and now - one.began > UNFINISHED:
        return replace(one, ended=one.began + UNFINISHED, outcome="unfinished")
    return one
