"""The exact client on the platform in one process: what it counts is so, and what is planted is found."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.cluster.exact import shopper
from tests.cluster.exact.arrivals import arrive
from tests.cluster.exact.books import Books, Shown, Totals, judge
from tests.cluster.exact.record import Checkout, Exchange, Record
from tests.cluster.exact.report import Report
from tests.cluster.exact.run import Plan, opened, run
from tests.cluster.exact.shopper import NEVER, Access, Retries, Shopper
from tests.platform import TestPlatform


async def plant(served: TestPlatform, operation: str, kind: str, times: int = 1, **more: object) -> None:
    body = {"operation": operation, "kind": kind, "times": times, **more}
    answer = await served.http.post("/_farthing/faults", json=body)
    assert answer.status_code == 201, answer.text


class TestRun:
    async def test_counts_are_exact_and_every_service_is_asked(self, served: TestPlatform) -> None:
        report = await run(Plan(served.url, checkouts=30, rate=20, patience=5, settling=0.2))
        figures = report.figures()
        assert (figures["problems"], figures["failures"], figures["fates"]) == ([], {}, {"paid": 30})
        assert (figures["started"], figures["finished"], figures["acknowledged"], figures["in_books"]) == (30, 30, 30, 30)
        path = {"create": 24, "approve": 24, "capture": 24, "card": 6, "get": 30}
        assert {name: found["good"] for name, found in figures["operations"].items()} == path | dict.fromkeys(
            ("token", "page", "webhooks", "health"), 6
        )
        assert [e for e in report.record.exchanges if not e.debug_id] == []
        asked = re.findall(r'duration_seconds_count\{.*service="(\w+)"', served.metrics.exposition().decode())
        assert set(asked) == set(served.running)
        starts = [e.start for e in report.record.exchanges if e.operation == "create"]
        assert max(starts) > 1.4  # 30 arrivals at 20 per second
        assert "acknowledged 30, in the books 30, unknown 0" in report.table()

    async def test_a_lost_acknowledgement_is_listed_apart_and_resolved(self, served: TestPlatform) -> None:
        await plant(served, "orders.capture", "lost_response")
        report = await run(Plan(served.url, checkouts=6, rate=20, mixed=False, patience=5, settling=0.2))
        assert (report.problems, report.failures) == ((), {("capture", "connection"): 1})
        assert list(report.verdict.resolved.values()) == ["paid"]
        assert (report.verdict.acknowledged, report.verdict.in_books, report.unfinished) == (5, 6, 1)

    async def test_a_lost_order_is_unpaid_and_a_lost_card_payment_is_resolved_by_its_own_request(self, served: TestPlatform) -> None:
        await plant(served, "orders.create", "lost_response", times=2)
        report = await run(Plan(served.url, checkouts=4, rate=5, patience=5, settling=0.2))
        assert (report.problems, report.failures) == ((), {("create", "connection"): 1, ("card", "connection"): 1})
        assert [checkout.fate for checkout in report.record.checkouts] == ["unpaid", "unknown", "paid", "paid"]
        assert report.verdict.resolved == {1: "paid"}
        assert (report.verdict.acknowledged, report.verdict.in_books) == (2, 3)

    async def test_a_failure_that_paid_nothing_is_resolved_as_not_paid(self, served: TestPlatform) -> None:
        await plant(served, "orders.capture", "error", status=503)
        report = await run(Plan(served.url, checkouts=4, rate=20, mixed=False, patience=5, settling=0.2))
        assert (report.problems, report.failures) == ((), {("capture", "503"): 1})
        assert list(report.verdict.resolved.values()) == ["not paid"]
        assert (report.verdict.acknowledged, report.verdict.in_books) == (3, 3)

    async def test_a_good_client_repeats_and_pays_once(self, served: TestPlatform) -> None:
        await plant(served, "orders.capture", "lost_response", times=2)
        await plant(served, "orders.create", "error", status=503, times=2)
        report = await run(Plan(served.url, checkouts=10, rate=20, retries=Retries(), patience=5, settling=0.2))
        assert (report.problems, report.unfinished, report.verdict.resolved) == ((), 0, {})
        assert (report.verdict.acknowledged, report.verdict.in_books) == (10, 10)
        assert sum(report.failures.values()) == 4

    async def test_the_health_is_asked_once_and_hinders_nobody(self, served: TestPlatform, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(shopper, "HEALTH", replace(shopper.HEALTH, wanted=lambda said: said["status"] == "down"))
        report = await run(Plan(served.url, checkouts=5, rate=20, retries=Retries(), patience=5, settling=0.2))
        assert (report.problems, report.failures) == ((), {("health", "wrong answer"): 1})
        assert (report.unfinished, report.verdict.acknowledged, report.verdict.in_books) == (0, 5, 5)


class TestPlanted:
    """Wrong books and wrong memories, on a platform that has served some checkouts."""

    async def test_all_of_them(self, served: TestPlatform) -> None:
        record, access = Record(3, 20, retries=False), Access("planted")
        async with opened(served.url) as connections:
            buyer, books = Shopper(connections, access, record, NEVER, mixed=False), Books(connections, access, patience=0, settling=0)
            assert await buyer.sign_in(-1)
            before = await books.totals()
            for number in range(3):
                await buyer.shop(number)
            first, second, third = record.checkouts
            assert (await books.reconcile([first, second, third], before)).exact
            # A payment that nobody remembers: a double charge under another order.
            assert (await books.reconcile([first, second], before)).problems == (
                "the books have 3 captures more than before, 2 checkouts are paid",
                "the buyer has spent 7470 minor units, the paid checkouts cost 4980",
            )
            # A payment that was acknowledged, and is not there.
            lost = replace(third, number=3, order=await self._unpaid_order(served), capture="NEVERTHERE")
            found = (await books.reconcile([first, second, third, lost], before)).problems
            assert found[0] == f"checkout 3 (order {lost.order}, paid): acknowledged was capture NEVERTHERE, the order has []"
            assert found[1:] == (
                "the books have 3 captures more than before, 4 checkouts are paid",
                "the buyer has spent 7470 minor units, the paid checkouts cost 9960",
            )

    async def _unpaid_order(self, served: TestPlatform) -> str:
        unit = {"amount": {"currency_code": "USD", "value": "24.90"}}
        body = {"intent": "CAPTURE", "purchase_units": [unit]}
        answer = await served.http.post("/v2/checkout/orders", json=body, headers=await served.as_app())
        return str(answer.json()["id"])


def test_a_checkout_takes_what_its_requests_take_and_only_finished_ones_count() -> None:
    record = Record(3, 20, retries=False, checkouts=[replace(PAID, number=number, finished=number < 2) for number in range(3)])
    for number, seconds in ((0, 0.25), (0, 0.5), (1, 1.0), (2, 8.0)):
        record.exchanges.append(Exchange(number, "create", 1, 0.0, seconds, 201))
    report = Report(record, judge([], {}, NOTHING, NOTHING))
    assert report.checkouts() == (0.75, 1.0)
    assert (report.figures()["checkout_ms"], report.figures()["requests"]) == ([750.0, 1000.0], 4)


NOTHING = Totals(captures=0, wallet=10_000)
ONE = Totals(captures=1, wallet=10_000 - 2490)
PAID = Checkout(0, order="O", capture="C", fate="paid")
GOOD = Shown("C", "COMPLETED", "24.90")


class TestJudge:
    def test_what_fits(self) -> None:
        assert judge([PAID], {0: (GOOD,)}, NOTHING, ONE).exact
        more = replace(ONE, captures=3)
        assert [judge([PAID], {0: (GOOD,)}, NOTHING, more, others=others).exact for others in (0, 1, 2)] == [False, False, True]
        by_card = replace(PAID, card=True)
        assert judge([by_card], {0: (GOOD,)}, NOTHING, Totals(captures=1, wallet=10_000)).exact

    def test_captured_twice(self) -> None:
        twice = judge([PAID], {0: (GOOD, Shown("D", "COMPLETED", "24.90"))}, NOTHING, ONE)
        assert twice.problems == ("checkout 0 (order O, paid): acknowledged was capture C, the order has ['C', 'D']",)
        unknown = replace(PAID, fate="unknown")
        assert judge([unknown], {0: (GOOD, GOOD)}, NOTHING, ONE).problems == ("checkout 0 (order O, unknown): the order has 2 captures",)

    def test_one_capture_for_two_checkouts(self) -> None:
        both = [PAID, replace(PAID, number=1)]
        [one, *_] = judge(both, {0: (GOOD,), 1: (GOOD,)}, NOTHING, ONE).problems
        assert one == "capture C was acknowledged to more than one checkout"

    def test_paid_without_being_asked(self) -> None:
        for fate in ("refused", "unpaid"):
            [one, *_] = judge([replace(PAID, fate=fate)], {0: (GOOD,)}, NOTHING, ONE).problems
            assert "nobody asked for a payment" in one

    def test_another_amount(self) -> None:
        wrong = judge([PAID], {0: (replace(GOOD, amount="24.91"),)}, NOTHING, ONE)
        assert wrong.problems == ("checkout 0 (order O, paid): capture C is COMPLETED of 24.91",)

    def test_books_that_are_wrong_by_themselves(self) -> None:
        wrong = replace(ONE, balanced=False, in_flight=1, problems=("a row",))
        assert judge([PAID], {0: (GOOD,)}, NOTHING, wrong).problems == (
            "the ledger's audit is not balanced",
            "1 payments are still being made",
            "a row",
        )


class Time:
    """Passes only while somebody sleeps or works."""

    def __init__(self) -> None:
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


class TestArrivals:
    """All numbers are sums of powers of two: they are compared as they are."""

    async def arrivals(self, record: Record, time: Time, over: Callable[[], bool] = lambda: True, *, work: float = 0.0) -> list[float]:
        """When each was started; the client's only thread is busy for `work` seconds with it."""
        moments: list[float] = []

        def start(number: int) -> None:
            moments.append(time.now)
            record.checkouts.append(replace(PAID, number=number))
            time.now += work

        await arrive(record, start, over, grace=1.0, clock=time.clock, sleep=time.sleep)
        return moments

    async def test_they_come_at_a_constant_rate(self) -> None:
        record = Record(64, 16, retries=False)
        assert await self.arrivals(record, Time()) == [number / 16 for number in range(64)]
        assert (record.late, record.latest, said(record)) == (0, 0.0, ())

    async def test_they_go_on_until_told_and_all_of_them_are_wanted(self) -> None:
        record, time = Record(64, 16, retries=False), Time()
        moments = await self.arrivals(record, time, lambda: time.now >= 10)
        assert moments == [number / 16 for number in range(161)]
        assert (record.wanted, said(record)) == (161, ())

    async def test_what_was_due_while_a_client_stood_still_when_it_was_told_is_wanted_and_made_up_for(self) -> None:
        record, time, pauses = Record(64, 16, retries=False), Time(), iter([0.5])

        async def sleep(seconds: float) -> None:
            time.now += seconds + (next(pauses, 0.0) if len(record.checkouts) == 80 else 0.0)

        start = record.checkouts.append
        await arrive(record, lambda number: start(replace(PAID, number=number)), lambda: time.now >= 5.25, clock=time.clock, sleep=sleep)
        assert (record.wanted, len(record.checkouts), said(record)) == (89, 89, ())

    async def test_a_client_that_is_too_slow_fails_the_run(self) -> None:
        record = Record(64, 64, retries=False)
        moments = await self.arrivals(record, Time(), work=1 / 16)
        assert moments[-1] == 2.0  # a second after the last one's time
        assert said(record) == ("only 33 of 64 checkouts were started",)
        assert (record.late, record.latest) == (30, 1.5)

    async def test_one_that_is_too_slow_for_a_run_that_goes_on_fails_it_likewise(self) -> None:
        record, time = Record(64, 64, retries=False), Time()
        await self.arrivals(record, time, lambda: time.now >= 10, work=1 / 16)
        assert record.wanted > 630
        assert said(record)[0] == f"only {len(record.checkouts)} of {record.wanted} checkouts were started"

    async def test_one_that_stands_still_for_a_moment_makes_up_for_it(self) -> None:
        record, time, pauses = Record(640, 64, retries=False), Time(), iter([4.0])

        async def sleep(seconds: float) -> None:
            time.now += seconds + (next(pauses, 0.0) if len(record.checkouts) == 100 else 0.0)

        await arrive(record, lambda number: record.checkouts.append(replace(PAID, number=number)), clock=time.clock, sleep=sleep)
        assert (len(record.checkouts), record.latest, said(record)) == (640, 4.0, ())
        record.behind = 5 * 64 + 1
        assert said(record) == ("321 of 640 checkouts were started more than 1 s late",)

    async def test_slow_answers_delay_no_arrival(self, served: TestPlatform) -> None:
        """They take longer than this machine stands still."""
        await plant(served, "orders.create", "latency", times=10, milliseconds=6000)
        report = await run(Plan(served.url, checkouts=10, rate=20, mixed=False, patience=5, settling=0.2))
        created = [e for e in report.record.exchanges if e.operation == "create"]
        assert max(e.start for e in created) < min(e.end for e in created)
        assert (report.problems, report.failures, report.unfinished) == ((), {}, 0)


def said(record: Record) -> tuple[str, ...]:
    return Report(record, judge([], {}, NOTHING, NOTHING)).problems


class TestReport:
    def test_the_longest_time_without_a_success(self) -> None:
        record = Record(0, 20, retries=False)
        record.exchanges = [
            Exchange(0, "capture", 1, 0.0, 0.5, 201),
            Exchange(1, "capture", 1, 2.0, 0.5, 503, "503"),
            Exchange(2, "get", 1, 2.9, 0.1, 200),
            Exchange(3, "capture", 1, 4.0, 0.5, 201),
        ]
        report = Report(record, judge([], {}, NOTHING, NOTHING))
        assert (report.longest_gap(), report.longest_gap("capture"), report.longest_gap("token")) == (2.5, 4.0, 4.5)
        assert report.failures_by_second == {2: {"capture 503": 1}}
        assert report.latencies()["capture"] == (2, 0.5, 0.5)


class TestRetries:
    def test_waits_grow_with_jitter_to_an_end_and_honour_the_server(self) -> None:
        chance, retries = random.Random(7), Retries()
        waits = [retries.wait(attempt, None, chance) for attempt in range(1, 12)]
        bounds = [min(5.0, 0.2 * 2 ** (attempt - 1)) for attempt in range(1, 12)]
        assert all(bound / 2 <= wait <= bound for wait, bound in zip(waits, bounds, strict=True))
        assert len(set(waits)) == len(waits)
        assert retries.wait(1, 3.0, chance) == 3.0
