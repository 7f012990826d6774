"""Scale-outs of one Deployment: the same template, more pods wanted."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from farthing.observer.domain.facts import Changes, DeploymentFacts, PodFacts
from farthing.observer.domain.happenings import Happening
from farthing.observer.domain.rollouts import Rollouts
from farthing.observer.domain.times import Times, whole

PROMPTLY = timedelta(seconds=5)  # between an autoscaler's decision and its record


class ScaleOuts:
    """`autoscaled`: when an autoscaler changed this Deployment. A change during a rollout is that rollout's."""

    def __init__(self, facts: DeploymentFacts, changes: Changes, rollouts: Rollouts, pods: Sequence[PodFacts], autoscaled: Times) -> None:
        self._facts, self._changes, self._rollouts, self._autoscaled = facts, changes, rollouts, autoscaled
        self._withdrawn = self._withdrawals()
        sets = {one.uid: one.template for one in rollouts.sets.values()}
        self._pods: defaultdict[str, list[PodFacts]] = defaultdict(list)  # by template, oldest first
        for pod in sorted((pod for pod in pods if pod.known and pod.replica_set in sets), key=_made):
            self._pods[sets[pod.replica_set]].append(pod)

    def happenings(self) -> list[Happening]:
        rollouts, over = self._rollouts.happenings(), self._facts.forgotten.ended
        found = []
        for before, number in pairwise(self._changes):
            old, new = self._facts.generations[before], self._facts.generations[number]
            began = self._changes[number]
            if began is None or (over is not None and began <= over) or new.template != old.template or new.desired <= old.desired:
                continue
            if not any(one.began <= began and (one.ended is None or began <= one.ended) for one in rollouts):
                found.append(self._told(number, new.desired - old.desired, began))
        return found

    def _told(self, number: int, more: int, began: datetime) -> Happening:
        new = self._facts.generations[number]
        version = next((one.version for one in self._rollouts.sets.values() if one.template == new.template), "")
        pods = self._pods[new.template]
        oldest = bisect_left(pods, whole(began), key=lambda pod: _made(pod)[0])
        stories = tuple(pod.story() for pod in pods[oldest : oldest + more])
        ready = [story.at("ready") for story in stories]
        signs = [(max(at for at in ready if at is not None), "complete")] if len(ready) == more and all(ready) else []
        withdrawn = self._withdrawn.get(number)
        signs += [(withdrawn, "superseded")] if withdrawn is not None else []
        signs += [(self._facts.gone, "deleted")] if self._facts.gone is not None else []
        ended, outcome = min(signs, default=(None, ""))
        return Happening(
            key=("scale-out", self._facts.uid, str(number)),
            kind="scale-out",
            service=self._facts.service,
            deployment=self._facts.name,
            began=began,
            ended=ended and max(ended, began),
            outcome=outcome,
            from_version=version,
            to_version=version,
            cause=self._cause(began),
            pods=stories,
        )

    def _withdrawals(self) -> dict[int, datetime]:
        """When something else was wanted later than each generation: fewer, or another template."""
        found = dict[int, datetime]()
        later = dict[tuple[str, int], datetime]()  # the earliest time of each state that came later; there are few different ones
        for number, at in reversed(self._changes.items()):
            own = self._facts.generations[number]
            signs = [since for (template, desired), since in later.items() if template != own.template or desired < own.desired]
            if signs:
                found[number] = min(signs)
            if at is not None:
                state = own.template, own.desired
                later[state] = min(at, later.get(state, at))
        return found

    def _cause(self, began: datetime) -> str:
        at = self._autoscaled.first(began - PROMPTLY)
        return "autoscaler" if at is not None and whole(at) <= began + PROMPTLY else "operator"


def _made(pod: PodFacts) -> tuple[datetime, str]:
    created = pod.created.first()
    assert created is not None  # noqa: S101 - only known pods are told of
    return created, pod.name
