"""Scale-outs of one Deployment: the same template, more pods wanted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from farthing.observer.domain.facts import DeploymentFacts, Generation, PodFacts
from farthing.observer.domain.happenings import Happening
from farthing.observer.domain.rollouts import Rollouts
from farthing.observer.domain.times import Times, whole

_PROMPTLY = timedelta(seconds=5)  # between an autoscaler's decision and its record


class ScaleOuts:
    """`autoscaled`: when an autoscaler changed this Deployment. A change during a rollout is that rollout's."""

    def __init__(self, facts: DeploymentFacts, rollouts: Rollouts, pods: Sequence[PodFacts], autoscaled: Times) -> None:
        self._facts, self._rollouts, self._pods, self._autoscaled = facts, rollouts, pods, autoscaled

    def happenings(self) -> list[Happening]:
        numbers = sorted(self._facts.generations)
        rollouts = self._rollouts.happenings()
        found = []
        for before, number in pairwise(numbers):
            old, new = self._facts.generations[before], self._facts.generations[number]
            began = self._facts.changed(number)
            if began is None or new.template != old.template or new.desired <= old.desired:
                continue
            if not any(one.began <= began and (one.ended is None or began <= one.ended) for one in rollouts):
                found.append(self._told(number, new.desired - old.desired, began))
        return found

    def _told(self, number: int, more: int, began: datetime) -> Happening:
        new = self._facts.generations[number]
        version, pods = self._pods_of(new, began)
        stories = tuple(pod.story() for pod in pods[:more])
        ready = [story.at("ready") for story in stories]
        signs = [(max(at for at in ready if at is not None), "complete")] if len(ready) == more and all(ready) else []
        signs += [(at, "superseded") for at in self._withdrawals(number)]
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

    def _pods_of(self, new: Generation, began: datetime) -> tuple[str, list[PodFacts]]:
        """The version, and the pods made since then, oldest first."""
        sets = [one for one in self._rollouts.sets.values() if one.template == new.template]
        own = {one.uid for one in sets}
        found = [(at, pod.name, pod) for pod in self._pods if pod.replica_set in own and (at := pod.created.first(began)) is not None]
        return (sets[0].version if sets else ""), [pod for _, _, pod in sorted(found, key=lambda one: one[:2])]

    def _withdrawals(self, number: int) -> list[datetime]:
        """When something else was wanted later: fewer, or another template."""
        new = self._facts.generations[number]
        later = {count: one for count, one in self._facts.generations.items() if count > number}
        found = (self._facts.changed(count) for count, one in later.items() if one.desired < new.desired or one.template != new.template)
        return [at for at in found if at is not None]

    def _cause(self, began: datetime) -> str:
        at = self._autoscaled.first(began - _PROMPTLY)
        return "autoscaler" if at is not None and whole(at) <= began + _PROMPTLY else "operator"
