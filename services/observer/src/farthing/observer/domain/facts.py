"""What has been seen of the cluster so far. Facts are only ever added: seen twice, late or in another order they come to the same.

What lives long collects facts without end, so those that nothing needs any more are forgotten, and stay so when they are seen again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import takewhile

from farthing.observer.domain.happenings import Happening, Phase, PodStory
from farthing.observer.domain.objects import Deployment, Ended, Event, Node, Pod, ReplicaSet
from farthing.observer.domain.times import Times, whole

Changes = dict[int, datetime | None]  # of a Deployment: when each generation began, oldest first
_STOPPING = timedelta(seconds=60)  # between a container's being killed for a probe and its end


@dataclass(slots=True)
class Generation:
    """One state of a Deployment's spec: when it was `written` as the API server's record has it, and when it was first `seen`."""

    template: str
    desired: int
    written: Times = field(default_factory=Times)
    seen: datetime | None = None


@dataclass(slots=True)
class Revision:
    """What the controller said while it worked at one revision."""

    complete: Times = field(default_factory=Times)
    failed: Times = field(default_factory=Times)


@dataclass(slots=True)
class Forgotten:
    """What remains of the facts that were dropped."""

    generation: int = 0  # the newest one
    revision: int = 0  # the newest one, and the time of its rollout
    began: datetime | None = None
    ended: datetime | None = None


class DeploymentFacts:
    def __init__(self, uid: str) -> None:
        self.uid = uid
        self.name = self.service = ""
        self.generations: dict[int, Generation] = {}
        self.revisions: defaultdict[int, Revision] = defaultdict(Revision)
        self.forgotten = Forgotten()
        self.gone: datetime | None = None

    def add(self, seen: Deployment, at: datetime | None) -> None:
        self.name, self.service = seen.name, seen.service
        if seen.generation > self.forgotten.generation:
            self._add_generation(seen, at)
        if seen.revision:
            self._add_revision(seen, at)

    def _add_generation(self, seen: Deployment, at: datetime | None) -> None:
        generation = self.generations.setdefault(seen.generation, Generation(seen.template, seen.desired))
        generation.written.add(seen.changed, at)
        generation.seen = min((one for one in (generation.seen, at) if one is not None), default=None)

    def _add_revision(self, seen: Deployment, at: datetime | None) -> None:
        revision = self.revisions[seen.revision]
        if seen.current:  # before, the conditions may be the previous revision's
            if seen.reason == "NewReplicaSetAvailable" and seen.whole:
                revision.complete.add(seen.progressed, at)
            if seen.reason == "ProgressDeadlineExceeded":
                revision.failed.add(seen.progressed, at)

    @property
    def newest(self) -> Generation:
        return self.generations[max(self.generations)]

    def changes(self) -> Changes:
        """When each generation began.

        Whoever scales leaves no time in the record: then it still tells that of an earlier generation, and the first sight counts.
        """
        found, before = Changes(), None
        for number in sorted(self.generations):
            own = self.generations[number]
            written = own.written.first()
            stale = written is None or (before is not None and whole(written) <= before)
            found[number] = own.seen if stale else written
            before = max((at for at in (before, own.written.last()) if at is not None), default=None)
        return found

    def forget(self, told: Iterable[Happening], since: datetime) -> None:
        """Drop what no happening needs that goes on or began since then. `told`: all that is known of this Deployment."""
        rollouts = sorted((int(one.key[2]), one.began, one.ended) for one in told if one.kind == "rollout")
        for number, began, ended in rollouts:  # each begins later than the one before it
            if began < since and ended is not None and ended <= since:
                self.forgotten.revision, self.forgotten.began, self.forgotten.ended = number, began, ended
        self._forget_generations(since)
        latest = max(self.revisions, default=0)
        for number in [one for one in self.revisions if one <= self.forgotten.revision and one != latest]:
            del self.revisions[number]

    def _forget_generations(self, since: datetime) -> None:
        """Those before the last one that began earlier: with that one, and with the time in its record, the next is compared."""
        old = list(takewhile(lambda change: change[1] is None or change[1] < since, self.changes().items()))
        for number, _ in old[:-1]:
            self.forgotten.generation = number
            del self.generations[number]


class ReplicaSetFacts:
    def __init__(self, seen: ReplicaSet) -> None:
        self.uid, self.deployment = seen.uid, seen.deployment
        self.version, self.template = seen.version, seen.template
        self.created, self.revisions = Times(), set[int]()
        self.gone: datetime | None = None

    def add(self, seen: ReplicaSet, at: datetime | None) -> None:
        self.created.add(seen.created, at)
        self.revisions |= seen.revisions


class PodFacts:
    def __init__(self, uid: str) -> None:
        self.uid = uid
        self.name = self.service = self.replica_set = self.node = self.address = self.eviction = ""
        self.metrics_port = 0
        self.created, self.scheduled, self.pulled, self.initialized = Times(), Times(), Times(), Times()
        self.ready, self.served = Times(), Times()
        self.deleted, self.evicted = Times(), Times()
        self.containers: set[str] = set()  # besides init containers
        self.runs: defaultdict[tuple[str, int], Times] = defaultdict(Times)  # when each began
        self.restarts: dict[str, int] = {}
        self.ends: dict[tuple[str, int], Ended] = {}
        self.killed: defaultdict[tuple[str, str], Times] = defaultdict(Times)  # by container and probe
        self.forgotten: defaultdict[str, int] = defaultdict(int)  # the newest restart of each container
        self.gone: datetime | None = None

    def add(self, seen: Pod, at: datetime | None) -> None:
        self.name, self.service, self.replica_set = seen.name, seen.service, seen.replica_set
        self.node, self.address = seen.node or self.node, seen.address or self.address
        self.eviction, self.metrics_port = seen.eviction or self.eviction, seen.metrics_port
        for times, found in (
            (self.created, seen.created),
            (self.scheduled, seen.scheduled),
            (self.initialized, seen.initialized),
            (self.ready, seen.ready),
            (self.deleted, seen.deleted),
            (self.evicted, seen.evicted),
        ):
            times.add(found, at)
        self._add_containers(seen, at)

    def _add_containers(self, seen: Pod, at: datetime | None) -> None:
        for container in seen.containers:
            self.restarts[container.name] = max(self.restarts.get(container.name, 0), container.restarts)
            for ended in container.ends:
                if not (container.init and ended.code == 0):  # an init container that is done
                    self.ends[container.name, ended.number] = ended
            for number, began in container.starts():
                self.runs[container.name, number].add(began, at)
            if not container.init:
                self.containers.add(container.name)

    def add_event(self, event: Event, at: datetime | None) -> None:
        if event.kind == "pulled":
            self.pulled.add(event.at, at)
        else:
            self.killed[event.container, event.kind].add(event.at, at)

    def forget(self, told: Iterable[Happening], since: datetime) -> None:
        """Drop what no happening needs that began since then. `told`: all that is known of this pod."""
        for one in told:
            if one.kind == "restart" and one.ended is not None and one.ended < since:
                container, number = one.key[2], int(one.key[3])
                self.forgotten[container] = max(self.forgotten[container], number)
        for which in [(name, number) for name, number in self.ends if number <= self.forgotten[name]]:
            del self.ends[which]
        for which in [(name, number) for name, number in self.runs if 0 < number <= self.forgotten[name]]:
            del self.runs[which]
        for times in (self.ready, self.served, self.pulled, *self.killed.values()):
            times.forget(since - _STOPPING)

    @property
    def known(self) -> bool:
        """Whether the pod itself was seen, and not only what was said of it."""
        return bool(self.created)

    @property
    def started(self) -> datetime | None:
        """When its last container first ran."""
        firsts = [self.run(name, 0) for name in self.containers]
        return max((at for at in firsts if at is not None), default=None) if all(firsts) else None

    def run(self, container: str, number: int) -> datetime | None:
        """When a container's run began; 0 is its first."""
        times = self.runs.get((container, number))
        return times.first() if times is not None else None

    def probe_of(self, container: str, ended: datetime) -> str:
        """The probe for which a container that ended then had been killed."""
        for (name, probe), times in sorted(self.killed.items()):
            at = times.first(ended - _STOPPING)
            if name == container and at is not None and whole(at) <= whole(ended):
                return probe
        return ""

    def story(self) -> PodStory:
        """Its phases as far as it got, each beginning where the one before it ended."""
        began = before = self.created.first()
        assert began is not None  # noqa: S101 - only known pods are told of
        assert before is not None  # noqa: S101
        marks = {
            "scheduled": self.scheduled.first(),
            "image pulled": self.pulled.first(),
            "migrated": self.initialized.first(),
            "started": self.started,
            "ready": self.ready.first(),
            "first request": self.served.first(),
        }
        phases = []
        for name, at in marks.items():
            if at is not None:
                ended = max(at, before)  # a fraction that is known after one that is not
                phases.append(Phase(name, before, ended))
                before = ended
        return PodStory(self.uid, self.name, self.node, began, tuple(phases))


class NodeFacts:
    def __init__(self, uid: str) -> None:
        self.uid = uid
        self.name, self.ready = "", True
        self.gone: datetime | None = None

    def add(self, seen: Node) -> None:
        self.name, self.ready = seen.name, seen.ready
