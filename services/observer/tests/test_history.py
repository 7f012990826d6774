"""What was seen makes the history, not in which order, how often, or whether the watch or a list said it."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farthing.observer.domain.happenings import Happening
from farthing.observer.domain.history import FORGOTTEN, UNFINISHED, History
from farthing.observer.domain.objects import Autoscaler, Container, Deployment, Ended, Event, Object, Pod, ReplicaSet

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
V1, V2 = "template-1", "template-2"


def at(second: int) -> datetime:
    return NOON + timedelta(seconds=second)


@dataclass(frozen=True)
class News:
    """One message of a watch: an object as it was then, or the uid of one that went."""

    second: int
    object: Object | None
    uid: str = ""


def deployment(generation: int, template: str, desired: int, revision: int, **more: Any) -> Deployment:
    return Deployment("d", "farthing-orders", "orders", generation, more.pop("current", True), desired, template, revision, **more)


def container(restarts: int, running: int | None, *ends: Ended) -> Container:
    return Container("orders", restarts, at(running) if running is not None else None, ends)


NEW = Pod("p2", "orders-b", "orders", "rs2", at(11), "worker", "10.0.0.2")
RUNNING = replace(NEW, scheduled=at(12), containers=(container(0, 14),))
OOM = Ended(1, "OOMKilled", 137, at(30), at(14))
CRASHED = replace(RUNNING, containers=(Container("orders", 0, None, (OOM,)),))
AGAIN = replace(RUNNING, containers=(container(1, 33, OOM),))
DONE = deployment(2, V2, 1, 2, whole=True, changed=at(10), reason="NewReplicaSetAvailable", progressed=at(20))

# Version 1 serves and is known from a list; version 2 is rolled out; its container is killed once and starts anew.
OLD = Pod("p1", "orders-a", "orders", "rs1", at(-899), "worker", "10.0.0.1", at(-899), None, at(-880), containers=(container(0, -890),))
BEFORE: tuple[Object, ...] = (
    deployment(1, V1, 1, 1, whole=True, changed=at(-900), reason="NewReplicaSetAvailable", progressed=at(-880)),
    ReplicaSet("rs1", "d", "1.0.0", V1, frozenset({1}), at(-900)),
    OLD,
)
ROLLOUT = (
    News(10, deployment(2, V2, 1, 1, current=False, changed=at(10), reason="NewReplicaSetAvailable", progressed=at(-880))),
    News(10, ReplicaSet("rs2", "d", "2.0.0", V2, frozenset({2}), at(10))),
    News(11, deployment(2, V2, 1, 2, changed=at(10), reason="ReplicaSetUpdated", progressed=at(11))),
    News(11, NEW),
    News(12, replace(NEW, scheduled=at(12))),
    News(13, Event("p2", "pulled", at(13), "orders")),
    News(14, RUNNING),
    News(20, replace(RUNNING, ready=at(20))),
    News(20, DONE),
    News(21, replace(OLD, deleted=at(21))),
    News(26, None, "p1"),
    News(30, CRASHED),
    News(33, AGAIN),
    News(36, replace(AGAIN, ready=at(36))),
)


def history(news: list[News], relists: dict[int, list[Object]] | None = None) -> History:
    """After a list, news, and in between lists by their place. News arrives 300 ms after it happened."""
    found = History()
    for known in BEFORE:
        found.observe(known)
    for number, one in enumerate(news):
        for listed in (relists or {}).get(number, []):
            found.observe(listed)
        take(found, one)
    for listed in (relists or {}).get(len(news), []):
        found.observe(listed)
    return found


def take(found: History, one: News) -> None:
    """At every moment in between there is an answer, too."""
    arrived = at(one.second) + timedelta(milliseconds=300)
    if one.object is None:
        found.gone(one.uid, arrived)
    else:
        found.observe(one.object, arrived)
    assert all(happening.ended is None or happening.ended >= happening.began for happening in found.happenings(arrived))


def told(found: History, now: int = 60) -> list[Any]:
    """In whole seconds: what is finer depends on the moment of seeing."""
    return [summary(one) for one in found.happenings(at(now))]


def seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int((moment.replace(microsecond=0) - NOON).total_seconds())


def summary(one: Happening) -> Any:
    pods = [(pod.name, seconds(pod.began), [(phase.name, seconds(phase.ended)) for phase in pod.phases]) for pod in one.pods]
    return one.key, seconds(one.began), seconds(one.ended), one.outcome, one.cause, (one.from_version, one.to_version), pods


FIRST = (
    ("rollout", "d", "1"),
    -900,
    -880,
    "complete",
    "",
    ("", "1.0.0"),
    [("orders-a", -899, [("scheduled", -899), ("started", -890), ("ready", -880)])],
)
SECOND = (
    ("rollout", "d", "2"),
    10,
    20,
    "complete",
    "",
    ("1.0.0", "2.0.0"),
    [("orders-b", 11, [("scheduled", 12), ("image pulled", 13), ("started", 14), ("ready", 20)])],
)
RESTART = (
    ("restart", "p2", "orders", "1"),
    30,
    36,
    "complete",
    "OOMKilled",
    ("2.0.0", "2.0.0"),
    [("orders-b", 30, [("started", 33), ("ready", 36)])],
)


def test_a_rollout_and_a_restart() -> None:
    assert told(history(list(ROLLOUT))) == [FIRST, SECOND, RESTART]


def test_a_rollout_is_in_progress_from_the_change_of_the_specification_on() -> None:
    found = history(list(ROLLOUT[:1])).happenings(at(11))
    assert [(one.key[2], one.ended, one.outcome) for one in found] == [("1", at(-880), "complete"), ("2", None, "")]
    assert found[1].began == at(10) + timedelta(milliseconds=300)


@settings(deadline=None)
@given(st.permutations(ROLLOUT))
def test_the_order_makes_no_difference(news: list[News]) -> None:
    assert told(history(news)) == [FIRST, SECOND, RESTART]


@settings(deadline=None)
@given(st.lists(st.sampled_from(ROLLOUT), max_size=20), st.randoms(use_true_random=False))
def test_repetition_makes_no_difference(again: list[News], shuffle: random.Random) -> None:
    news = [*ROLLOUT, *again]
    shuffle.shuffle(news)
    assert told(history(news)) == [FIRST, SECOND, RESTART]


@settings(deadline=None, max_examples=100)
@given(st.integers(0, len(ROLLOUT)), st.integers(0, len(ROLLOUT)))
def test_what_is_missed_is_found_again_by_a_list(one: int, other: int) -> None:
    """All that the objects still tell: of two times at which a pod became ready, a list knows the later one only."""
    first, last = sorted((one, other))
    state: dict[str, Object] = {}
    for news in ROLLOUT[:last]:
        if news.object is None:
            state.pop(news.uid, None)
        else:
            state[getattr(news.object, "uid", "event")] = news.object
    kept = [*ROLLOUT[:first], *ROLLOUT[last:]]
    missed = [news for news in ROLLOUT[first:last] if news.object is None]  # the watch compares the list with what it knew
    found = history(kept, {first: list(state.values())})
    for news in missed:
        take(found, news)
    assert [without_ready(one) for one in told(found)] == [without_ready(one) for one in (FIRST, SECOND, RESTART)]


def without_ready(one: Any) -> Any:
    *rest, pods = one
    return [*rest, [(name, began, [phase for phase in phases if phase[0] != "ready"]) for name, began, phases in pods]]


def test_times_are_finer_when_they_are_seen_at_once_and_never_leave_their_second() -> None:
    _, rollout, _ = history(list(ROLLOUT)).happenings(at(60))
    assert {phase.name: phase.ended for phase in rollout.pods[0].phases} == {
        name: at(second) + timedelta(milliseconds=300)
        for name, second in {"scheduled": 12, "image pulled": 13, "started": 14, "ready": 20}.items()
    }
    listed = History()
    for one in (*BEFORE, *(news.object for news in ROLLOUT if news.object is not None)):
        listed.observe(one)
    assert {phase.ended.microsecond for one in listed.happenings(at(60)) for pod in one.pods for phase in pod.phases} == {0}


BROKEN = deployment(3, "template-3", 1, 3, changed=at(100))
BROKEN_SET = ReplicaSet("rs3", "d", "3.0.0", "template-3", frozenset({3}), at(100))
STUCK = replace(BROKEN, reason="ProgressDeadlineExceeded", progressed=at(190))


class TestEndings:
    def test_a_version_that_is_never_ready_has_failed(self) -> None:
        found = told(history([*ROLLOUT, News(100, BROKEN), News(100, BROKEN_SET), News(190, STUCK)]))
        assert found[-1][:4] == (("rollout", "d", "3"), 100, 190, "failed")

    def test_a_rollback_is_a_rollout_of_the_old_replica_set(self) -> None:
        """The controller gives the old set a new number, and at first leaves the conditions as they were."""
        back = deployment(4, V2, 1, 4, changed=at(200), reason="ProgressDeadlineExceeded", progressed=at(190))
        news = [
            News(200, replace(back, revision=3, current=False)),
            News(200, ReplicaSet("rs2", "d", "2.0.0", V2, frozenset({2, 4}), at(10))),
            News(200, replace(back, current=False)),
            News(201, back),
            News(203, replace(back, whole=True, reason="NewReplicaSetAvailable", progressed=at(203))),
        ]
        found = told(history([*ROLLOUT, News(100, BROKEN), News(100, BROKEN_SET), News(190, STUCK), *news]))
        assert [one[:4] for one in found[-2:]] == [
            (("rollout", "d", "3"), 100, 190, "failed"),
            (("rollout", "d", "4"), 200, 203, "complete"),
        ]
        assert found[-1][5:] == (("3.0.0", "2.0.0"), [])

    def test_what_was_said_of_the_revision_before_is_not_said_of_the_next(self) -> None:
        """In the first moment of a rollback the Deployment has the new number and the old success."""
        done = replace(BROKEN, whole=True, reason="NewReplicaSetAvailable", progressed=at(120))
        back = replace(done, generation=4, template=V2, revision=4, changed=at(200), current=False)
        sets = [News(100, BROKEN_SET), News(200, ReplicaSet("rs2", "d", "2.0.0", V2, frozenset({2, 4}), at(10)))]
        found = told(history([*ROLLOUT, News(100, BROKEN), News(120, done), *sets, News(200, back)]))
        assert [one[:4] for one in found[-2:]] == [
            (("rollout", "d", "3"), 100, 120, "complete"),
            (("rollout", "d", "4"), 200, None, ""),
        ]

    def test_a_rollout_begins_after_the_last_one_whose_beginning_is_known(self) -> None:
        """A rollback that only a list tells of has no time of its own."""
        back: list[Object] = [deployment(3, V1, 1, 3, changed=at(10)), ReplicaSet("rs1", "d", "1.0.0", V1, frozenset({1, 3}), at(-900))]
        again = deployment(4, V2, 1, 4, changed=at(200))
        made = ReplicaSet("rs2", "d", "2.0.0", V2, frozenset({2, 4}), at(10))
        found = told(history([*ROLLOUT[:2], ROLLOUT[8], News(200, again), News(200, made)], {3: back}))
        assert [one[:4] for one in found[1:]] == [(("rollout", "d", "2"), 10, 20, "complete"), (("rollout", "d", "4"), 200, None, "")]

    def test_a_change_during_a_rollout_supersedes_it(self) -> None:
        after = deployment(4, "template-4", 1, 4, changed=at(120))
        news = [News(120, after), News(120, ReplicaSet("rs4", "d", "4.0.0", "template-4", frozenset({4}), at(120)))]
        found = told(history([*ROLLOUT, News(100, BROKEN), News(100, BROKEN_SET), *news]))
        assert [one[1:4] for one in found[-2:]] == [(100, 120, "superseded"), (120, None, "")]

    def test_a_deployment_that_is_deleted_ends_what_goes_on(self) -> None:
        found = told(history([*ROLLOUT, News(100, BROKEN), News(110, None, "d")]))
        assert found[-1][1:4] == (100, 110, "deleted")

    def test_recreate_begins_before_there_is_a_new_replica_set(self) -> None:
        """The one process: the old pod ends first, and the revision stays the old one until then."""
        leaving = deployment(3, "template-3", 1, 2, changed=at(100))
        waiting = told(history([*ROLLOUT, News(100, leaving)]))
        assert waiting[-1][:4] == (("rollout", "d", "3"), 100, None, "")
        found = told(history([*ROLLOUT, News(100, leaving), News(140, replace(BROKEN_SET, created=at(140))), News(140, BROKEN)]))
        assert found[-1][:4] == (("rollout", "d", "3"), 100, None, "")
        assert [one[0] for one in found].count(("rollout", "d", "3")) == 1


WIDER = replace(DONE, generation=3, desired=3, changed=at(100), whole=False)


def more_pods(*ready: int) -> list[News]:
    made = [replace(NEW, uid=f"p{number}", name=f"orders-{number}", created=at(101)) for number in range(3, 5)]
    return [News(101, pod) for pod in made] + [
        News(second, replace(pod, ready=at(second))) for pod, second in zip(made, ready, strict=False)
    ]


class TestScaleOuts:
    def test_it_ends_when_the_last_pod_is_ready(self) -> None:
        found = told(history([*ROLLOUT, News(100, WIDER), *more_pods(110, 112)]))
        assert found[-1][:5] == (("scale-out", "d", "3"), 100, 112, "complete", "operator")
        assert len(found) == 4

    def test_it_goes_on_while_a_pod_is_missing(self) -> None:
        assert told(history([*ROLLOUT, News(100, WIDER), *more_pods(110)]))[-1][2:4] == (None, "")

    def test_it_begins_when_it_is_seen_if_nobody_wrote_down_when(self) -> None:
        scaled = replace(WIDER, changed=DONE.changed)
        named = News(101, Autoscaler("farthing-orders", at(101)))
        for news in ([News(100, scaled), named], [named, News(100, scaled)]):
            found = told(history([*ROLLOUT, *news, *more_pods(110, 112)]))
            assert found[-1][:5] == (("scale-out", "d", "3"), 100, 112, "complete", "autoscaler")

    def test_an_autoscaler_is_named(self) -> None:
        found = history([*ROLLOUT, News(100, WIDER), News(101, Autoscaler("farthing-orders", at(101))), *more_pods(110, 112)])
        assert told(found)[-1][4] == "autoscaler"

    def test_fewer_pods_wanted_end_it(self) -> None:
        fewer = replace(WIDER, generation=4, desired=1, changed=at(105))
        assert told(history([*ROLLOUT, News(100, WIDER), News(105, fewer)]))[-1][2:4] == (105, "superseded")

    def test_one_within_a_rollout_is_part_of_it(self) -> None:
        wide = replace(BROKEN, generation=4, desired=3, changed=at(110))
        found = told(history([*ROLLOUT, News(100, BROKEN), News(100, BROKEN_SET), News(110, wide)]))
        assert [one[0][0] for one in found] == ["rollout", "rollout", "restart", "rollout"]

    @settings(deadline=None)
    @given(st.permutations([*ROLLOUT, News(100, WIDER), *more_pods(110, 112)]))
    def test_the_order_makes_no_difference(self, news: list[News]) -> None:
        assert told(history(news))[-1][:4] == (("scale-out", "d", "3"), 100, 112, "complete")


class TestLosses:
    def test_a_probe_that_was_failed_is_the_cause(self) -> None:
        killed = Ended(2, "Error", 137, at(80), at(33))
        news = [News(70, Event("p2", "liveness", at(70), "orders")), News(80, replace(AGAIN, containers=(container(2, 82, killed),)))]
        assert told(history([*ROLLOUT, *news]))[-1][4] == "liveness"

    def test_one_that_was_ready_in_the_second_of_its_end_had_come_back(self) -> None:
        """The cluster tells of the end later, and cuts off the fraction that was seen of the readiness."""
        killed = Ended(2, "Error", 137, at(36), at(33))
        found = told(history([*ROLLOUT, News(38, replace(AGAIN, containers=(container(2, 38, killed),)))]))
        assert [one[:5] for one in found[2:]] == [
            (("restart", "p2", "orders", "1"), 30, 36, "complete", "OOMKilled"),
            (("restart", "p2", "orders", "2"), 36, None, "", "Error"),
        ]
        assert [phase for _, _, phases in found[2][-1] for phase, _ in phases] == ["started", "ready"]

    def test_a_restart_that_nobody_saw_is_counted_with_an_unknown_cause(self) -> None:
        third = Ended(3, "Error", 1, at(90), at(85))
        found = told(history([*ROLLOUT, News(92, replace(AGAIN, containers=(container(3, 92, third),)))]))
        assert [(one[0][-1], one[1], one[4]) for one in found[2:]] == [("1", 30, "OOMKilled"), ("2", 90, "unknown"), ("3", 90, "Error")]

    def test_the_end_of_a_deleted_pod_is_no_restart(self) -> None:
        last = Ended(2, "Error", 143, at(75), at(33))
        stopped = replace(AGAIN, deleted=at(70), containers=(Container("orders", 1, None, (last, OOM)),))
        assert len(told(history([*ROLLOUT, News(75, stopped)]))) == 3

    def test_an_init_container_that_is_done_is_no_restart_and_one_that_fails_is(self) -> None:
        done, failed = Ended(1, "Completed", 0, at(12), at(12)), Ended(1, "Error", 1, at(12), at(12))
        for ended, count in ((done, 0), (failed, 1)):
            found = History()
            found.observe(replace(NEW, containers=(Container("migrate", 0, None, (ended,), init=True),)))
            assert len(found.happenings(at(60))) == count

    def test_an_evicted_pod_is_made_good_by_the_next_of_its_set(self) -> None:
        leaving = replace(AGAIN, evicted=at(100), eviction="DeletionByTaintManager")
        heir = replace(NEW, uid="p9", name="orders-z", created=at(101), scheduled=at(101), ready=at(109), containers=(container(0, 105),))
        sibling = replace(NEW, uid="p8", name="orders-y", created=at(12), ready=at(20))
        found = told(history([*ROLLOUT, News(20, sibling), News(100, leaving), News(101, heir)]))
        assert found[-1][:5] == (("eviction", "p2"), 100, 109, "complete", "DeletionByTaintManager")
        assert found[-1][-1] == [("orders-z", 101, [("scheduled", 101), ("started", 105), ("ready", 109)])]

    def test_a_loss_that_is_never_made_good_ends_some_day(self) -> None:
        found = history([*ROLLOUT, News(100, replace(AGAIN, evicted=at(100), eviction="EvictionByEvictionAPI"))])
        assert told(found)[-1][2:4] == (None, "")
        late = 100 + int(UNFINISHED.total_seconds()) + 1
        assert told(found, late)[-1][2:4] == (100 + int(UNFINISHED.total_seconds()), "unfinished")


def test_what_is_long_gone_is_forgotten() -> None:
    found = history([*ROLLOUT, News(50, Event("stranger", "pulled", at(50)))])
    gone = int(FORGOTTEN.total_seconds()) + 30
    for uid in ("d", "rs1", "rs2", "p2"):
        found.gone(uid, at(40))
    found.forget(at(gone + 11), set())
    assert (found.happenings(at(gone + 11)), found.pods(), set(found._pods)) == ([], [], {"stranger"})
    found.forget(at(gone + 60), set())
    assert found._pods == {}


@pytest.mark.parametrize("again", [1, 2])
def test_a_first_request_is_the_last_phase(again: int) -> None:
    found = history(list(ROLLOUT[:9]))
    for _ in range(again):
        found.served("p2", at(22))
    assert told(found)[-1][-1][0][2][-1] == ("first request", 22)
    assert found.happenings(at(60))[-1].all_served
