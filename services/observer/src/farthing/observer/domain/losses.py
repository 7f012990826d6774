"""What pods lose: a container that ended and was started anew, and a pod that had to leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from farthing.observer.domain.facts import PodFacts
from farthing.observer.domain.happenings import Happening, Phase, PodStory
from farthing.observer.domain.objects import Ended
from farthing.observer.domain.times import whole

# The values of the label `cause`; whatever else a runtime says is `other`, and an end that nobody saw is `unknown`.
CAUSES: Final = frozenset({"OOMKilled", "Error", "Completed", "liveness", "startup", "evicted", "other", "unknown"})


def restarts(pod: PodFacts, deployment: str, version: str) -> list[Happening]:
    """Those that the pod counts and that are not forgotten.

    One that was missed has the cause `unknown` and the time of the next that was not.
    """
    found = []
    for container in sorted(pod.restarts):
        ends = {number: ended for (name, number), ended in pod.ends.items() if name == container}
        following: Ended | None = None
        for number in range(max([pod.restarts[container], *ends]), pod.forgotten[container], -1):
            following = ends.get(number, following)
            if following is not None and following.at is not None and not _was_deleted(pod, following.at):
                cause = _cause(pod, container, ends[number]) if number in ends else "unknown"
                later = ends.get(number + 1)
                found.append(_restart(pod, deployment, version, (container, number), (cause, following.at, later.at if later else None)))
    return found


def evictions(pods: Sequence[PodFacts], deployments: Mapping[str, str], versions: Mapping[str, str]) -> list[Happening]:
    """Of one ReplicaSet's pods: each with the pod that took its place, the next one made since. Names and versions by ReplicaSet."""
    lost = sorted((at, pod.name, pod) for pod in pods if (at := pod.evicted.first()) is not None)
    spare = sorted(((at, pod.name, pod) for pod in pods if (at := pod.created.first()) is not None), key=lambda one: one[:2])
    found = []
    for began, _, pod in lost:
        heir = next((one for one in spare if whole(one[0]) >= whole(began) and one[2] is not pod), None)
        if heir is not None:
            spare.remove(heir)
        story = heir[2].story() if heir else None
        ready = story.at("ready") if story else None
        found.append(
            Happening(
                key=("eviction", pod.uid),
                kind="eviction",
                service=pod.service,
                deployment=deployments.get(pod.replica_set, ""),
                began=began,
                ended=ready and max(ready, began),
                outcome="complete" if ready else "",
                from_version=versions.get(pod.replica_set, ""),
                to_version=versions.get(pod.replica_set, ""),
                cause=pod.eviction,
                pods=(story,) if story else (),
            )
        )
    return found


def _restart(pod: PodFacts, deployment: str, version: str, which: tuple[str, int], run: tuple[str, datetime, datetime | None]) -> Happening:
    """`run`: why and when it ended, and when the one after it did."""
    (container, number), (cause, began, again) = which, run
    story = _new_run(pod, which, began, again)
    signs = [(at, outcome) for at, outcome in ((story.at("ready"), "complete"), (again, "failed")) if at is not None]
    stopped = pod.deleted.first() or pod.gone
    signs += [(stopped, "deleted")] if stopped is not None else []
    # The cluster cuts off fractions: within one second the new run was ready first, since one that was not cannot become it afterwards.
    ended, outcome = min(signs, key=lambda sign: (whole(sign[0]), sign[1] != "complete"), default=(None, ""))
    return Happening(
        key=("restart", pod.uid, container, str(number)),
        kind="restart",
        service=pod.service,
        deployment=deployment,
        began=began,
        ended=ended and max(ended, began),
        outcome=outcome,
        from_version=version,
        to_version=version,
        cause=cause,
        pods=(story,),
    )


def _new_run(pod: PodFacts, which: tuple[str, int], ended: datetime, again: datetime | None) -> PodStory:
    """From the end of one run to the first request that the next one served, if it lived so long."""
    phases, before = [], ended
    started = pod.run(*which)
    for name, at in (("started", started), ("ready", pod.ready.first(started)), ("first request", pod.served.first(started))):
        if started is not None and at is not None and (again is None or whole(at) <= whole(again)):
            phases.append(Phase(name, before, max(at, before)))
            before = phases[-1].ended
    return PodStory(pod.uid, pod.name, pod.node, ended, tuple(phases))


def _was_deleted(pod: PodFacts, at: datetime) -> bool:
    """Whether the end belongs to the pod's own: then nothing is started anew."""
    deleted = pod.deleted.first() or pod.evicted.first()
    return deleted is not None and whole(deleted) <= whole(at)


def _cause(pod: PodFacts, container: str, ended: Ended) -> str:
    probe = pod.probe_of(container, ended.at) if ended.at is not None else ""
    return probe or (ended.reason if ended.reason in CAUSES else "other")
