"""A Deployment to which anything may happen, as its objects tell of it."""

from __future__ import annotations

from dataclasses import replace

from farthing.observer.domain.objects import Autoscaler, Container, Deployment, Ended, Object, Pod, ReplicaSet
from services.observer.tests.test_history import News, at


class ChangingCluster:
    """Each method answers with the news of one change, which happened at `second`."""

    def __init__(self) -> None:
        self.second = 0
        self._deployment = Deployment("d", "farthing-orders", "orders", 0, current=True, desired=1, template="", revision=0)
        self._sets: dict[str, ReplicaSet] = {}
        self._pods: list[Pod] = []
        self._made = 0

    def scale(self, desired: int, *, autoscaled: bool = False) -> list[News]:
        """An operator or an autoscaler; neither leaves a time in the Deployment's record."""
        if desired == self._deployment.desired:
            return []
        found = [News(self.second, Autoscaler("farthing-orders", at(self.second)))] if autoscaled else []
        found += self._change(desired=desired)
        return found + self._have_pods(desired)

    def roll_out(self, template: str) -> list[News]:
        """Also one that there was before: a rollback."""
        if template == self._deployment.template:
            return []
        revision = self._deployment.revision + 1
        made = ReplicaSet(f"set-{template}", "d", template, template, frozenset(), at(self.second))
        known = self._sets.get(template, made)
        self._sets[template] = replace(known, revisions=known.revisions | {revision})
        change = self._change(template=template, revision=revision, changed=at(self.second), reason="ReplicaSetUpdated")
        return [*change, News(self.second, self._sets[template]), *self._have_pods(self._deployment.desired)]

    def become_ready(self) -> list[News]:
        """And the pods of other templates go."""
        others = self._remove([pod for pod in self._pods if pod.replica_set != self._set])
        self._pods = [replace(pod, ready=pod.ready or at(self.second)) for pod in self._pods]
        done = self._deployment
        if done.reason != "NewReplicaSetAvailable":
            done = replace(done, reason="NewReplicaSetAvailable", progressed=at(self.second))
        self._deployment = replace(done, whole=True)
        changed: list[Object] = [*self._pods, self._deployment]
        return [*others, *(News(self.second, one) for one in changed)]

    def crash(self, *, comes_back: bool) -> list[News]:
        """The oldest pod, 2 s before it runs again and 4 s before it is ready again, if it ever is."""
        if not self._pods:
            return []
        pod, self.second = self._pods[0], self.second + 4
        (container,) = pod.containers
        ended = Ended(container.restarts + 1, "Error", 1, at(self.second - 4), container.running)
        down = replace(pod, ready=None, containers=(Container("orders", container.restarts, None, (ended, *container.ends[:1])),))
        runs = replace(down, containers=(Container("orders", ended.number, at(self.second - 2), (ended,)),))
        self._pods[0] = replace(runs, ready=at(self.second)) if comes_back else runs
        return [News(self.second - 4, down), News(self.second - 2, runs), News(self.second, self._pods[0])]

    def all(self) -> list[Object]:
        return [self._deployment, *self._sets.values(), *self._pods]

    def _change(self, **more: object) -> list[News]:
        self._deployment = replace(self._deployment, generation=self._deployment.generation + 1, whole=False, **more)  # type: ignore[arg-type]
        return [News(self.second, self._deployment)]

    def _have_pods(self, count: int) -> list[News]:
        """The newest go first."""
        own = [pod for pod in self._pods if pod.replica_set == self._set]
        made = [self._pod() for _ in range(count - len(own))]
        self._pods += made
        return [*self._remove(own[count:]), *(News(self.second, pod) for pod in made)]

    def _remove(self, pods: list[Pod]) -> list[News]:
        self._pods = [pod for pod in self._pods if pod not in pods]
        leaving = [News(self.second, replace(pod, deleted=at(self.second))) for pod in pods]
        return [*leaving, *(News(self.second, None, pod.uid) for pod in pods)]

    @property
    def _set(self) -> str:
        return self._sets[self._deployment.template].uid

    def _pod(self) -> Pod:
        self._made += 1
        container = Container("orders", 0, at(self.second))
        return Pod(f"p{self._made}", f"orders-{self._made}", "orders", self._set, at(self.second), "worker", containers=(container,))
