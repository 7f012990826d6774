"""The rollouts of one Deployment, from what has been seen of it: one for each revision that the controller was seen to work at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from itertools import zip_longest

from farthing.observer.domain.facts import Changes, DeploymentFacts, PodFacts, ReplicaSetFacts, Revision
from farthing.observer.domain.happenings import Happening
from farthing.observer.domain.times import whole


class Rollouts:
    """`changes`: when its generations began. `sets` are those of the Deployment, `pods` those of the sets."""

    def __init__(self, facts: DeploymentFacts, changes: Changes, sets: Sequence[ReplicaSetFacts], pods: Sequence[PodFacts]) -> None:
        self._facts, self._pods = facts, pods
        self.sets = {revision: one for one in sets for revision in one.revisions}
        self._changes: defaultdict[str, list[datetime]] = defaultdict(list)  # by template
        for number, at in changes.items():
            if at is not None:
                self._changes[facts.generations[number].template].append(at)

    def happenings(self) -> list[Happening]:
        """Oldest first. A rollout whose ReplicaSet is not there yet (strategy Recreate ends the old pods first) is among them."""
        known = {*self._facts.revisions, *self._announced()}
        numbers = sorted(number for number in known if number > self._facts.forgotten.revision)
        previous, begun = self._facts.forgotten.began, list[tuple[int, datetime]]()
        for number in numbers:
            began = self._began(number, previous)
            if began is not None:
                begun.append((number, began))
                previous = began
        following = [began for _, began in begun[1:]]
        return [self._told(number, began, after) for (number, began), after in zip_longest(begun, following)]

    def _announced(self) -> set[int]:
        """The revision that the newest template has or will have, before the controller has put it on the Deployment."""
        if not self._facts.generations:
            return set()
        latest = max(self._facts.revisions, default=0)
        made = {number for number, one in self.sets.items() if one.template == self._facts.newest.template}
        return {max(made)} - set(range(latest)) if made else {latest + 1}

    def _began(self, number: int, previous: datetime | None) -> datetime | None:
        """When the spec asked for it, or else the earliest sign of it: later than the one before it began."""
        own, revision = self.sets.get(number), self._facts.revisions.get(number, Revision())
        if own is not None and number == min(own.revisions):
            signs = [own.created.first()]
        elif own is not None:
            signs = [pod.created.first() for pod in self._pods if pod.replica_set == own.uid]
        else:
            signs = []
        template = own.template if own else self._facts.newest.template if self._facts.generations else ""
        signs += self._changes.get(template, [])
        signs.append(revision.complete.first())
        later = [at for at in signs if at is not None and (previous is None or at > previous)]
        return min(later, default=None)

    def _told(self, number: int, began: datetime, following: datetime | None) -> Happening:
        own, before = self.sets.get(number), max((one for one in self.sets if one < number), default=0)
        ended, outcome = self._end(number, began, following)
        pods = [pod for pod in self._pods if own is not None and pod.replica_set == own.uid and _within(pod, began, ended)]
        return Happening(
            key=("rollout", self._facts.uid, str(number)),
            kind="rollout",
            service=self._facts.service,
            deployment=self._facts.name,
            began=began,
            ended=ended,
            outcome=outcome,
            from_version=self.sets[before].version if before else "",
            to_version=own.version if own else "",
            pods=tuple(sorted((pod.story() for pod in pods), key=lambda story: (story.began, story.name))),
        )

    def _end(self, number: int, began: datetime, following: datetime | None) -> tuple[datetime | None, str]:
        revision = self._facts.revisions.get(number, Revision())
        complete, failed = revision.complete.first(began), revision.failed.first(began)
        found = [(at, outcome) for at, outcome in ((complete, "complete"), (failed, "failed"), (following, "superseded")) if at is not None]
        if self._facts.gone is not None:
            found.append((self._facts.gone, "deleted"))
        at, outcome = min(found, default=(None, ""))
        return at and max(at, began), outcome


def _within(pod: PodFacts, began: datetime, ended: datetime | None) -> bool:
    created = pod.created.first()
    return created is not None and whole(created) >= whole(began) and (ended is None or whole(created) <= whole(ended))
