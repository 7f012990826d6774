"""The parts of the scenario that need no cluster: what is concluded from answers is right, and each panel is looked at."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.cluster.kube import _how
from tests.cluster.observed import nonsense, receiver
from tests.cluster.observed.activity import Again, Sales, Unlucky
from tests.cluster.observed.answers import Reads, Series, Unanswered, changed, firing, first_time, matrix, spans, vector
from tests.cluster.observed.changes import began, since
from tests.cluster.observed.expected import EXPECTED, PLACES, SERVICES, Place, asked
from tests.cluster.observed.hops import CARD, WALLET, missing
from tests.cluster.observed.sources import tags_of
from tests.cluster.store import Refused, Store, good
from tests.platform import TestPlatform
from tests.ports import free_ports
from tests.telemetry.queries import dashboards, panels

LOADED = 10.0
_BY = re.compile(r"\bby\s*\(([^)]*)\)")


def series(*values: float | None, **labels: str) -> Series:
    """A value every 5 s from 0 on, None where there is none: the load begins after the third."""
    points = ((5.0 * number, value) for number, value in enumerate(values) if value is not None)
    return Series(labels, tuple(points))


class TestChanged:
    @pytest.mark.parametrize(
        "values",
        [(1, 1, 1, 2), (1, 3, 1, 0.5), (None, None, None, 7), (0, 0, 0, 0, 0, 0.01)],
        ids=["rises", "falls below all before", "appears", "late and little"],
    )
    def test_what_did(self, values: tuple[float | None, ...]) -> None:
        assert changed([series(1, 1, 1, 1), series(*values)], LOADED)

    @pytest.mark.parametrize(
        "values",
        [(), (1, 1, 1, 1), (1, 3, 2, 2, 3, 1), (1, 2, 3), (5, 9, 5, 7), (1, 1, 2, 2)],
        ids=["nothing", "constant", "as it was before", "before only", "in between", "at the very moment"],
    )
    def test_what_did_not(self, values: tuple[float | None, ...]) -> None:
        assert not changed([series(*values)], LOADED)

    def test_series_are_not_compared_with_each_other(self) -> None:
        assert not changed([series(1, 1, 1, 1, pod="a"), series(2, 2, 2, 2, pod="b")], LOADED)


class TestReads:
    @pytest.mark.parametrize(
        ("reads", "lacks"),
        [
            (Reads(at_first=0, reaches=1), ""),
            (Reads(reaches=2), "read 0 to 1, never 2 or more"),
            (Reads(at_first=1), "read 0 to 0 before the load, not 1"),
            (Reads(falls=-1), "read 0 to 1, never -1 or less"),
            (Reads(reaches=1, where={"service": "orders"}), ""),
            (Reads(reaches=1, where={"service": "ledger"}), "no value where {'service': 'ledger'}"),
        ],
    )
    def test_one_series(self, reads: Reads, lacks: str) -> None:
        assert reads.lacks([series(0, 0, 0, 0, 1, 0, service="orders", pod="a")], LOADED) == lacks

    def test_what_comes_only_before_the_load_is_not_enough(self) -> None:
        assert Reads(reaches=1).lacks([series(1, 1, 1)], LOADED) == "no value"
        assert Reads(reaches=1).lacks([series(1, 1, 1, 0)], LOADED) == "read 0 to 0, never 1 or more"

    def test_any_of_several_may_be_it_and_all_of_them_were_so_at_first(self) -> None:
        both = [series(0, 0, 0, 0, currency="EUR"), series(0, 0, 0, 1, currency="USD")]
        assert Reads(at_first=0, reaches=1).lacks(both, LOADED) == ""
        assert Reads(at_first=0, reaches=1).lacks([*both, series(0, 3, 0, 0)], LOADED) == "read 0 to 3 before the load, not 0"


class TestAnswers:
    def test_a_range_without_what_is_no_number(self) -> None:
        values = [[100, "1"], [105, "NaN"], [110.5, "2.5"], [115, "+Inf"]]
        answer = {"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {"pod": "a"}, "values": values}]}}
        assert matrix(answer) == [Series({"pod": "a"}, ((100.0, 1.0), (110.5, 2.5)))]

    def test_one_moment(self) -> None:
        answer = {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": [100, "3"]}]}}
        assert vector(answer) == [Series({}, ((100.0, 3.0),))]

    @pytest.mark.parametrize(
        "answer",
        [{"status": "error", "errorType": "bad_data", "error": "parse error"}, {"status": "success", "data": {"resultType": "scalar"}}],
    )
    def test_refused(self, answer: dict[str, Any]) -> None:
        for read in (matrix, vector):
            with pytest.raises(Unanswered):
                read(answer)
        with pytest.raises(Unanswered):
            firing({"status": "error"})

    def test_only_alerts_that_fire(self) -> None:
        alerts = [{"labels": {"alertname": name}, "state": state} for name, state in (("A", "pending"), ("B", "firing"))]
        assert firing({"status": "success", "data": {"alerts": alerts}}) == [{"alertname": "B"}]

    def test_the_first_time(self) -> None:
        assert first_time([series(0, 0, 1, 1), series(0, 1, 0, 0)], 1) == 5.0
        assert first_time([series(0, 0)], 1) is None


TRACE: dict[str, Any] = {
    "traceID": "ab" * 16,
    "spans": [
        {
            "traceID": "ab" * 16,
            "spanID": "02",
            "operationName": "ledger.post",
            "references": [
                {"refType": "CHILD_OF", "traceID": "cd" * 16, "spanID": "09"},
                {"refType": "FOLLOWS_FROM", "traceID": "ab" * 16, "spanID": "08"},
                {"refType": "CHILD_OF", "traceID": "ab" * 16, "spanID": "01"},
            ],
            "tags": [
                {"key": "span.kind", "type": "string", "value": "server"},
                {"key": "farthing.forced", "type": "bool", "value": False},
            ],
            "processID": "p1",
        },
        {"traceID": "ab" * 16, "spanID": "01", "operationName": "SELECT post", "processID": "p2"},
    ],
    "processes": {
        "p1": {"serviceName": "ledger", "tags": [{"key": "k8s.pod.name", "type": "string", "value": "farthing-ledger-1"}]},
        "p2": {"serviceName": "payments"},
    },
}


class TestSpans:
    def test_those_of_all_traces(self) -> None:
        first, second = spans({"data": [TRACE], "errors": None})
        assert (first.service, first.name, first.kind, first.parent) == ("ledger", "ledger.post", "server", "01")
        assert first.facts == {"span.kind": "server", "farthing.forced": False, "k8s.pod.name": "farthing-ledger-1"}
        assert (second.service, second.parent, second.kind) == ("payments", "", "")
        assert spans({"data": [], "errors": None}) == []
        with pytest.raises(Unanswered):
            spans({"data": None, "errors": [{"code": 500, "msg": "no"}]})

    def test_missing_hops(self) -> None:
        found = spans({"data": [TRACE]})
        assert missing(found, [("ledger", "ledger.post"), ("ledger", "SELECT post"), ("payments", "SELECT post")]) == [
            ("ledger", "SELECT post")
        ]

    def test_every_service_that_serves_a_checkout_is_among_the_hops(self) -> None:
        assert {service for service, _ in (*WALLET, *CARD)} == {
            *("console", "checkout", "orders", "accounts", "merchants", "payments", "ledger", "webhooks", "vault", "processor"),
        }


class TestExpectations:
    def test_every_panel_is_looked_at_and_none_that_is_gone(self) -> None:
        shown = {(name, panel["title"]) for name, dashboard in dashboards().items() for panel in panels(dashboard)}
        assert set(PLACES) == shown
        assert len(PLACES) == len(shown)
        assert set(EXPECTED) | set(SERVICES) <= shown

    @pytest.mark.parametrize("place", PLACES, ids=": ".join)
    def test_where_a_zero_is_right_more_must_come(self, place: Place) -> None:
        if _should_be_zero(place):
            assert any((reads.reaches or 0) > 0 for reads in EXPECTED.get(place, ()))

    def test_there_are_such_panels(self) -> None:
        assert {place for place in PLACES if _should_be_zero(place)} >= {
            *(("platform", panel) for panel in ("Books", "Pods silent", "Share of failures", "Failures per second")),
            *(("money", panel) for panel in ("Imbalance", "Webhooks given up", "Events refused")),
            *(("rollout", panel) for panel in ("Requests lost", "Versions serving")),
        }

    @pytest.mark.parametrize("place", EXPECTED, ids=": ".join)
    def test_it_asks_for_series_that_its_queries_have(self, place: Place) -> None:
        for query in asked(place):
            by = [{label.strip() for label in found.split(",")} for found in _BY.findall(query.text)]
            for reads in EXPECTED[place]:
                assert not by or any(set(reads.where) <= labels for labels in by), query
                assert (reads.reaches, reads.falls, reads.at_first) != (None, None, None)

    def test_tags_as_grafana_writes_them(self) -> None:
        assert tags_of('farthing.order_id="5O19" farthing.service="orders"') == {"farthing.order_id": "5O19", "farthing.service": "orders"}
        for place in PLACES:
            assert all(tags_of(query.tags) for query in asked(place) if query.tags)


def _should_be_zero(place: Place) -> bool:
    """A zero is put in where there is nothing, or the number is red from somewhere on."""
    [panel] = (one for one in panels(dashboards()[place[0]]) if one["title"] == place[1])
    steps = panel.get("fieldConfig", {}).get("defaults", {}).get("thresholds", {}).get("steps", [])
    return any(re.search(r"vector\(0\)|or 0 \*", query.text) for query in asked(place)) or any(
        step["color"] == "red" and step.get("value") is not None for step in steps
    )


def test_changes_since_a_moment_whose_fraction_the_cluster_may_have_cut() -> None:
    first, second = {"began": "1970-01-01T00:01:40Z"}, {"began": "1970-01-01T00:01:50.300000Z"}
    assert began(second) == 110.3
    assert since([second, first], 111.0) == [second]
    assert since([second, first], 112.0) == []
    assert since([second, first], 101.0) == [second, first]


@pytest.mark.parametrize(
    ("value", "how"),
    [
        ("services.orders.image.tag=12345", "--set-string"),
        ("services.webhooks.env.FARTHING_WEBHOOKS_ATTEMPTS=3", "--set-string"),
        ("slo.windowScale=0.1", "--set-json"),
        ("services.orders.replicas=2", "--set"),
        ("services.orders.resources.limits.cpu=500m", "--set"),
        ("database.host=", "--set"),
    ],
)
def test_how_helm_is_told_a_value(value: str, how: str) -> None:
    assert _how(value) == how


def test_again_and_again_whatever_is_refused() -> None:
    done: list[int] = []
    thrice, before = threading.Event(), threading.active_count()

    def do() -> None:
        done.append(1)
        if len(done) == 3:
            thrice.set()
        raise Refused if len(done) % 2 else httpx2.ConnectError("gone")

    with Again(do, 0.001):
        assert thrice.wait(10)
    assert threading.active_count() == before


class TestReceiver:
    @pytest.fixture
    def url(self) -> Iterator[str]:
        [port] = free_ports(1)
        process = subprocess.Popen([sys.executable, "-c", receiver._SCRIPT.replace("8080", str(port))])
        yield f"http://127.0.0.1:{port}/hook"
        process.kill()
        process.wait()

    def test_it_takes_what_comes(self, url: str) -> None:
        with httpx2.Client(transport=httpx2.HTTPTransport(retries=10)) as client:
            assert [client.post(url, content=b"{}").status_code for _ in range(2)] == [200, 200]

    def test_its_pod_is_what_its_service_and_policy_select(self) -> None:
        deployment, service, policy = receiver.objects("farthing/webhooks:1")
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        assert labels == service["spec"]["selector"] == policy["spec"]["podSelector"]["matchLabels"]
        [container] = deployment["spec"]["template"]["spec"]["containers"]
        assert container["ports"] == [{"containerPort": port["port"]} for port in service["spec"]["ports"]]


class TestOnThePlatform:
    """As one process: what the scenario does to it works."""

    async def test_sales(self, served: TestPlatform) -> None:
        store = await asyncio.to_thread(Store, "", served.url)
        sales = Sales(store)
        for _ in range(2):
            await asyncio.to_thread(sales.one)
        store.close()
        value = served.metrics.registry.get_sample_value
        assert value("farthing_refunds_total", {"service": "payments", "currency": "USD"}) == 1

    async def test_only_one_order_is_out_of_luck(self, served: TestPlatform) -> None:
        store = await asyncio.to_thread(Store, "", served.url)
        unlucky = await asyncio.to_thread(Unlucky, store)
        other = await asyncio.to_thread(store.approved)

        def meanwhile() -> httpx2.Response:
            with unlucky.out_of_luck():
                unlucky.ask()
                return store.show(f"/v2/checkout/orders/{other}")

        assert (await asyncio.to_thread(meanwhile)).status_code == httpx2.codes.OK
        await asyncio.to_thread(unlucky.ask)
        assert good(await asyncio.to_thread(store.operate, "GET", "faults")) == {"faults": []}
        store.close()
        asked = re.findall(r'_duration_seconds_count\{operation="(orders.get|captures.get)".*status="(\d+)".*\} (\S+)', _exposition(served))
        assert sorted(asked) == [
            ("captures.get", "200", "1.0"),
            ("captures.get", "503", "1.0"),
            ("orders.get", "200", "2.0"),
            ("orders.get", "503", "1.0"),
        ]


def _exposition(served: TestPlatform) -> str:
    return served.metrics.exposition().decode()


def test_what_is_told_to_the_broker_is_under_the_name_of_who_tells_it() -> None:
    assert nonsense.SUBJECT.startswith("farthing.events.payments.PAYMENT.")
