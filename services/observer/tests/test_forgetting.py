"""What is told and long over is forgotten, and nobody can see from what is told that it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farthing.observer.domain.happenings import Happening
from farthing.observer.domain.history import FORGOTTEN, History
from farthing.observer.domain.objects import Event, Node, Object, ReplicaSet
from farthing.observer.domain.times import Times
from services.observer.tests.changing_cluster import ChangingCluster
from services.observer.tests.stage import PATIENCE, Served, Stage
from services.observer.tests.test_history import AGAIN, DONE, ROLLOUT, V2, News, at, deployment, history

TELLING = timedelta(seconds=60)  # from a happening's end to its being told
LONG = int(FORGOTTEN.total_seconds())


class Remembering(History):
    """Forgets only objects that are gone."""

    def _forget_facts(self, *_: object) -> None:
        pass


class Reader:
    """Tells of a history as observer does, and forgets what was told."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.told: set[tuple[str, ...]] = set()

    def take(self, one: News) -> None:
        arrived = at(one.second) + timedelta(milliseconds=300)
        if one.object is None:
            self.history.gone(one.uid, arrived)
        else:
            self.history.observe(one.object, arrived)

    def relist(self, objects: list[Object]) -> None:
        for one in objects:
            self.history.observe(one)

    def look(self, second: int) -> list[Happening]:
        """What goes on or is told now."""
        found = [one for one in self.history.happenings(at(second)) if one.key not in self.told]
        self.told |= {one.key for one in found if one.ended is not None and at(second) - one.ended >= TELLING}
        return found

    def forget(self, second: int) -> None:
        self.history.forget(at(second), self.told)
        self.told &= {one.key for one in self.history.happenings(at(second))}


CHANGES: dict[str, Callable[[ChangingCluster, int], list[News]]] = {
    "scale": lambda cluster, number: cluster.scale(number),
    "autoscale": lambda cluster, number: cluster.scale(number, autoscaled=True),
    "roll out": lambda cluster, number: cluster.roll_out(f"template-{number}"),
    "become ready": lambda cluster, _: cluster.become_ready(),
    "crash": lambda cluster, number: cluster.crash(comes_back=number > 1),
    "be listed": lambda _cluster, _number: [],
}
STEPS = st.tuples(st.sampled_from(sorted(CHANGES)), st.integers(1, 4), st.sampled_from([0, 1, 30, 400, 1000]))


@settings(deadline=None, max_examples=60)
@given(st.lists(STEPS, max_size=40))
def test_nothing_else_is_told_by_one_that_forgets(steps: list[tuple[str, int, int]]) -> None:
    cluster = ChangingCluster()
    forgets, remembers = Reader(History()), Reader(Remembering())
    for name, number, pause in [("roll out", 1, 0), ("become ready", 1, 10), *steps, ("be listed", 1, 1000), ("be listed", 1, 1000)]:
        cluster.second += pause
        for news in CHANGES[name](cluster, number):
            forgets.take(news)
            remembers.take(news)
        if name == "be listed":
            forgets.relist(cluster.all())
            remembers.relist(cluster.all())
        assert forgets.look(cluster.second) == remembers.look(cluster.second)
        forgets.forget(cluster.second)
        remembers.history.forget(at(cluster.second), set())


def test_what_is_known_of_a_living_object_does_not_grow() -> None:
    """A service that is scaled, and whose container ends, every minute for hours."""
    assert sizes(60) == sizes(240)


def sizes(minutes: int) -> list[int]:
    cluster, reader = ChangingCluster(), Reader(History())
    for minute in range(minutes):
        for news in busy_minute(cluster, minute):
            reader.take(news)
        reader.look(cluster.second)
        reader.forget(cluster.second)
    found, pod = reader.history._deployments["d"], reader.history._pods["p1"]
    times = [len(one._found) for one in (pod.ready, pod.served, reader.history._autoscaled["farthing-orders"])]
    return [len(found.generations), len(found.revisions), len(pod.ends), len(pod.runs), len(reader.told), *times]


def busy_minute(cluster: ChangingCluster, minute: int) -> list[News]:
    """More pods or fewer, and every third time a container that does not become ready again."""
    cluster.second = 60 * minute
    changes = cluster.roll_out("template-1") if minute == 0 else cluster.scale(2 - minute % 2, autoscaled=True)
    return [*changes, *cluster.become_ready(), *cluster.crash(comes_back=minute % 3 > 0)]


class TestAfterForgetting:
    """Version 2 was rolled out, its container was killed once, and all of it is told and long over."""

    LATER = 2 * LONG

    @pytest.fixture
    def reader(self) -> Reader:
        found = Reader(history(list(ROLLOUT)))
        assert [one.key[0] for one in found.look(self.LATER)] == ["rollout", "rollout", "restart"]
        found.forget(self.LATER)
        assert found.look(self.LATER) == []
        return found

    def test_a_list_tells_nothing_again(self, reader: Reader) -> None:
        reader.relist([DONE, ReplicaSet("rs2", "d", "2.0.0", V2, frozenset({2}), at(10)), replace(AGAIN, ready=at(36))])
        assert reader.look(self.LATER) == []

    def test_a_generation_that_comes_late_tells_nothing_again(self, reader: Reader) -> None:
        reader.take(News(self.LATER, replace(DONE, generation=3, desired=3)))
        reader.look(self.LATER + 1)
        reader.take(News(self.LATER + 3, replace(DONE, generation=4, desired=1)))
        reader.look(2 * self.LATER)
        reader.forget(2 * self.LATER)
        reader.take(News(2 * self.LATER, replace(DONE, generation=2)))
        reader.take(News(2 * self.LATER, replace(DONE, generation=3, desired=3)))
        assert reader.look(2 * self.LATER) == []

    def test_a_scale_out_is_compared_with_what_was_wanted_last(self, reader: Reader) -> None:
        for generation, desired in ((3, 4), (4, 2)):
            reader.take(News(self.LATER, replace(DONE, generation=generation, desired=desired)))
        reader.look(2 * self.LATER)
        reader.forget(2 * self.LATER)
        reader.take(News(2 * self.LATER, replace(DONE, generation=5, desired=3)))
        assert [(one.key, one.began) for one in reader.look(2 * self.LATER)] == [
            (("scale-out", "d", "5"), at(2 * self.LATER) + timedelta(milliseconds=300))
        ]

    def test_a_change_in_a_rollout_that_is_over_does_not_become_a_scale_out(self, reader: Reader) -> None:
        began = self.LATER
        wide = deployment(4, "template-3", 3, 3, changed=at(began))
        done = replace(wide, whole=True, reason="NewReplicaSetAvailable", progressed=at(began + 20))
        made = ReplicaSet("rs3", "d", "3.0.0", "template-3", frozenset({3}), at(began))
        fewer = replace(done, generation=5, desired=1)
        more = replace(done, generation=6, desired=3, changed=at(began + 20))  # the fraction is cut off: it seems older than `fewer`
        changes = ((0, replace(wide, generation=3, desired=1)), (0, made), (10, wide), (20, done), (21, fewer), (22, more))
        for second, one in changes:
            reader.take(News(began + second, one))
        assert [one.key for one in reader.look(began + LONG)] == [("rollout", "d", "3")]
        for second in range(began + LONG, began + LONG + 40):
            reader.forget(second)
            assert reader.look(second) == []

    def test_a_restart_begins_its_own_count(self, reader: Reader) -> None:
        """What was missed is told as unknown, and what was forgotten is not."""
        (container,) = AGAIN.containers
        crashed = replace(container, restarts=3, ends=(replace(container.ends[0], number=3, at=at(self.LATER)),))
        reader.take(News(self.LATER, replace(AGAIN, containers=(crashed,))))
        assert [(one.key[-1], one.cause) for one in reader.look(self.LATER + 1)] == [("2", "unknown"), ("3", "OOMKilled")]

    def test_a_cause_is_known_as_long_as_its_restart_goes_on(self, reader: Reader) -> None:
        (container,) = AGAIN.containers
        ended = self.LATER + 10
        for second in (self.LATER - 500, self.LATER):
            reader.take(News(second, Event("p2", "liveness", at(second), "orders")))
        killed = replace(container, restarts=2, ends=(replace(container.ends[0], number=2, reason="Error", at=at(ended)),))
        reader.take(News(ended, replace(AGAIN, containers=(killed,))))
        for second in range(ended, ended + LONG + 60, 30):
            assert [(one.key[-1], one.cause) for one in reader.look(second)] == [("2", "liveness")]
            reader.forget(second)

    def test_a_rollback_is_not_as_old_as_the_pods_it_comes_back_to(self, reader: Reader) -> None:
        broken = deployment(
            3, "template-3", 1, 3, changed=at(self.LATER), reason="ProgressDeadlineExceeded", progressed=at(self.LATER + 90)
        )
        reader.take(News(self.LATER + 90, broken))
        reader.take(News(self.LATER + 90, ReplicaSet("rs3", "d", "3.0.0", "template-3", frozenset({3}), at(self.LATER))))
        assert [(one.key[-1], one.outcome) for one in reader.look(2 * self.LATER)] == [("3", "failed")]
        reader.forget(2 * self.LATER)
        back = 2 * self.LATER + 1
        reader.take(News(back, replace(DONE, generation=4, revision=4, changed=at(back), current=False)))
        reader.take(News(back, ReplicaSet("rs2", "d", "2.0.0", V2, frozenset({2, 4}), at(10))))
        assert [(one.key[-1], one.began) for one in reader.look(back + 1)] == [("4", at(back) + timedelta(milliseconds=300))]

    def test_a_rollout_begins_after_others_whose_sets_the_controller_removed(self, reader: Reader) -> None:
        """A revision that was superseded and whose set is gone has no sign of its own beginning any more."""
        for revision, second in ((3, 0), (4, 10)):
            template = f"template-{revision}"
            reader.take(News(self.LATER + second, deployment(revision, template, 1, revision, changed=at(self.LATER + second))))
            made = ReplicaSet(f"rs{revision}", "d", f"{revision}.0.0", template, frozenset({revision}), at(self.LATER + second))
            reader.take(News(self.LATER + second, made))
        reader.take(News(self.LATER + 20, None, "rs3"))
        reader.look(2 * self.LATER)
        reader.forget(2 * self.LATER)
        assert set(reader.history._deployments["d"].revisions) == {4}
        reader.take(News(2 * self.LATER, deployment(5, "template-5", 1, 5, changed=at(2 * self.LATER))))
        assert [(one.key[-1], one.outcome) for one in reader.look(2 * self.LATER + 1)] == [("4", "superseded"), ("5", "")]


def test_what_is_not_told_yet_is_not_forgotten() -> None:
    found = Reader(history(list(ROLLOUT)))
    found.forget(4 * LONG)
    assert [one.key[0] for one in found.look(4 * LONG)] == ["rollout", "rollout", "restart"]


def test_the_first_time_is_never_forgotten() -> None:
    """A pod's phases are its first ones."""
    found = Times()
    for second in (10, 20, 30):
        found.add(at(second))
    found.forget(at(30))
    assert [found.first(), found.first(at(11)), found.last()] == [at(10), at(30), at(30)]


def test_a_node_is_forgotten_some_time_after_it_is_gone() -> None:
    """What happened because it was lost is told with its name."""
    found = History()
    for one in (Node("n1", "worker-1", ready=False, cordoned=False), Node("n2", "worker-2", ready=True, cordoned=False)):
        found.observe(one)
    found.gone("n1", at(0))
    found.forget(at(LONG), set())
    assert found.nodes_not_ready() == {"worker-1"}
    found.forget(at(LONG + 1), set())
    assert (found.nodes_not_ready(), set(found._nodes)) == (set(), {"n2"})


def test_a_node_that_came_anew_under_its_name_counts() -> None:
    found = History()
    found.observe(Node("n2", "worker", ready=True, cordoned=False))
    found.observe(Node("n1", "worker", ready=False, cordoned=False))
    found.gone("n1", at(0))
    assert found.nodes_not_ready() == set()


async def test_rows_metrics_and_traces_are_those_of_one_that_remembers(monkeypatch: pytest.MonkeyPatch) -> None:
    forgets, generations = await told_in_hours()
    assert generations < 20
    monkeypatch.setattr(History, "_forget_facts", Remembering._forget_facts)
    remembers, generations = await told_in_hours()
    assert generations == 180
    assert forgets == remembers
    assert (len(forgets[0]), len(forgets[2])) == (200, 1084)


async def told_in_hours() -> tuple[Any, int]:
    """The same for three hours."""
    stage, cluster = Stage(Served(), Served()), ChangingCluster()
    for minute in range(181):
        for news in busy_minute(cluster, minute):
            stage.now = at(news.second) + timedelta(milliseconds=300)
            if news.object is None:
                stage.observing.gone(news.uid, stage.now)
            else:
                stage.observing.seen(news.object, stage.now)
        await stage.wait(timedelta(seconds=5))
        await stage.wait(PATIENCE)
    samples = [one for metric in stage.registry.collect() for one in metric.samples if not one.name.endswith("_created")]
    counted = [(one.name, one.labels, one.value) for one in samples]
    spans = [(span.name, span.start_time, span.end_time, dict(span.attributes or {})) for span in stage.spans()]
    rows = [row.model_copy(update={"trace_id": None}) for row in stage.table.last(200, None).rollouts]
    stage.traces.close()
    await stage.pods.aclose()
    return (rows, counted, spans), len(stage.observing._history._deployments["d"].generations)
