"""Everything happened once (see scenario): every panel shows it, alerts tell it, observer and the traces of one checkout follow it.

This package is collected before the other experiments: what they break would still burn the error budget in the part in which all is well.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.cluster.kube import Kube
from tests.cluster.observed.answers import Series, Span, changed, first_time
from tests.cluster.observed.changes import began
from tests.cluster.observed.expected import EXPECTED, PLACES, SERVICE, Place, asked
from tests.cluster.observed.hops import CARD, WALLET, missing
from tests.cluster.observed.scenario import ALERTS, IDLE, Seen
from tests.cluster.observed.sources import Jaeger, Prometheus
from tests.cluster.results import Results, Row

pytestmark = [pytest.mark.cluster, pytest.mark.reading, pytest.mark.timeout(1200)]

_MEMORY = 'sum by (pod) (container_memory_working_set_bytes{pod=~"observability-.+",container!="",container!="POD"})'
_MEBIBYTE = 2**20


def test_every_checkout_was_paid_meanwhile(seen: Seen, results: Results) -> None:
    seen.figures.expect_exact()  # what else was sold is in the books as well
    found = seen.figures.all
    assert found["finished"] == found["acknowledged"] == found["wanted"], seen.figures.table
    results.add(Row("all that can be seen", SERVICE, found, f"{seen.ended - seen.began:.0f} s with the idle part"))


@pytest.mark.parametrize("place", PLACES, ids=": ".join)
def test_panel(place: Place, seen: Seen, prometheus: Prometheus, jaeger: Jaeger) -> None:
    found = [query for query in asked(place, _values(seen, jaeger)) if query.source == "jaeger"]
    if found:
        assert any(jaeger.found(query) for query in found), f"no trace: {', '.join(map(str, found))}"
        return
    for query in asked(place):
        series = prometheus.over(query.text, seen.began, seen.ended)
        assert changed(series, seen.loaded), f"{query}: nothing happened to {_shown(series)}"
        for reads in EXPECTED.get(place, ()):
            assert not (lacks := reads.lacks(series, seen.loaded)), f"{query}: {lacks}; {_shown(series)}"


def _values(seen: Seen, jaeger: Jaeger) -> dict[str, str]:
    """What somebody types into the fields of "One checkout"."""
    debug_id = seen.checkout.debug_ids["capture"]
    [trace] = {span.trace for span in jaeger.search("orders", {"farthing.debug_id": debug_id})}
    return {"debug_id": debug_id, "order_id": seen.checkout.order, "trace_id": trace}


def _shown(series: list[Series]) -> str:
    return "; ".join(f"{dict(one.labels)} {[value for _, value in one.points]}" for one in series[:5]) or "no series"


@pytest.mark.parametrize("alert", ALERTS)
def test_alert_is_silent_while_all_is_well_and_then_fires(alert: str, seen: Seen, prometheus: Prometheus, results: Results) -> None:
    labels = {"alertname": alert, "alertstate": "firing", **ALERTS[alert]}
    fires = "ALERTS{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}"
    assert prometheus.over(fires, seen.began, seen.healthy) == []
    cause = seen.causes[alert]
    fired = first_time(prometheus.over(fires, cause, seen.ended, step=1), 1)
    assert fired is not None
    results.add(Row(f"alert {alert}", "", {}, f"fired {fired - cause:.0f} s after its cause"))


class TestObserver:
    """The phases of pods are those of services/observer's README."""

    @pytest.mark.parametrize("kind", ["rollout", "scale-out", "restart"])
    def test_it_tells_each_change(self, kind: str, seen: Seen, results: Results) -> None:
        rows = [row for row in seen.rows if row["kind"] == kind]
        assert rows, seen.rows
        results.add(
            Row(f"{kind} told by observer", SERVICE, {}, f"{seen.shown[kind]:.1f} s after its beginning; phases {rows[0]['phases']}")
        )

    def test_a_rollout_with_its_versions_phases_and_lost_requests(self, seen: Seen) -> None:
        row = _newest(seen, "rollout")
        assert (row["from_version"], row["to_version"], row["outcome"]) == (*seen.versions, "complete")
        assert set(row["phases"]) == {"scheduled", "image pulled", "migrated", "started", "ready", "first request"}
        assert row["requests_failed"] >= 1
        assert row["trace_id"]

    def test_a_scale_out_by_the_autoscaler(self, seen: Seen) -> None:
        row = _newest(seen, "scale-out")
        assert (row["cause"], row["outcome"]) == ("autoscaler", "complete")
        assert {"scheduled", "started", "ready", "first request"} <= set(row["phases"])

    def test_each_restart_with_its_cause(self, seen: Seen) -> None:
        rows = [row for row in seen.rows if row["kind"] == "restart"]
        assert [(row["cause"], row["outcome"]) for row in rows] == [("Error", "complete")] * 2
        assert all({"started", "ready"} <= set(row["phases"]) for row in rows)

    def test_a_rollout_shows_on_the_dashboard(self, seen: Seen, prometheus: Prometheus, results: Results) -> None:
        asked = began(_newest(seen, "rollout"))
        found = prometheus.over(f'farthing_rollouts_in_progress{{service="{SERVICE}"}}', asked, seen.ended, step=1)
        at = first_time(found, 1)
        assert at is not None
        results.add(Row("rollout on the dashboard", SERVICE, {}, f"{at - asked:.1f} s after its beginning"))


def _newest(seen: Seen, kind: str) -> dict[str, Any]:
    return next(row for row in seen.rows if row["kind"] == kind)


class TestOneCheckout:
    """From the debug id of one answer to its trace, to the order, and to everything about that order."""

    def test_its_traces_are_found_from_a_debug_id(self, seen: Seen, jaeger: Jaeger) -> None:
        first = jaeger.search("orders", {"farthing.debug_id": seen.checkout.debug_ids["capture"]})
        [order] = {span.facts["farthing.order_id"] for span in first if "farthing.order_id" in span.facts}
        assert order == seen.checkout.order
        roots = {span.facts["farthing.debug_id"]: span.name for span in _of_order(jaeger, order) if not span.parent}
        assert {step: roots.get(debug_id) for step, debug_id in seen.checkout.debug_ids.items()} == {
            "create": "orders.create",
            "page": "checkout.start",
            "approve": "control.orders.approve",
            "capture": "orders.capture",
        }

    def test_they_contain_every_service_statement_and_hop(self, seen: Seen, jaeger: Jaeger) -> None:
        found = _of_order(jaeger, seen.checkout.order)
        assert missing(found, WALLET) == [], sorted(map(str, found))
        ids = {span.id for span in found}
        assert [str(span) for span in found if span.parent and span.parent not in ids] == []

    def test_with_a_card(self, seen: Seen, jaeger: Jaeger) -> None:
        found = jaeger.search("orders", {"farthing.debug_id": seen.checkout.card})
        assert missing(found, CARD) == [], sorted(map(str, found))

    def test_each_span_says_which_pod_it_comes_from(self, seen: Seen, jaeger: Jaeger, cluster: Kube) -> None:
        found = _of_order(jaeger, seen.checkout.order)
        assert {span.facts.get("k8s.namespace.name") for span in found} == {cluster.namespace}
        assert [str(span) for span in found if not str(span.facts.get("k8s.pod.name", "")).startswith(f"farthing-{span.service}-")] == []


def _of_order(jaeger: Jaeger, order: str) -> list[Span]:
    """All that the dashboard's searches find, each span once."""
    found = [span for service in ("orders", "payments", "checkout") for span in jaeger.search(service, {"farthing.order_id": order})]
    return list({(span.trace, span.id): span for span in found}.values())


def test_idle_memory_of_what_sees(seen: Seen, prometheus: Prometheus, results: Results) -> None:
    used = {one.labels["pod"]: sum(v for _, v in one.points) / len(one.points) for one in prometheus.over(_MEMORY, seen.began, seen.loaded)}
    assert len(used) >= 5
    parts = ", ".join(f"{pod} {value / _MEBIBYTE:.0f}" for pod, value in sorted(used.items()))
    results.add(Row("idle memory of charts/observability", "", {}, f"{sum(used.values()) / _MEBIBYTE:.0f} MiB in {IDLE:g} s: {parts}"))
