"""The dashboards are what their source makes, show only what is emitted, and are well formed as far as that can be seen without Grafana."""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from farthing.observer.domain.happenings import Happening
from farthing.observer.operations.observing import annotation
from tests.telemetry.queries import FOLDER, Query, dashboards, panels, queries
from tests.telemetry.series import EXPECTED, SERIES
from tools.dashboards.__main__ import ALL, text_of
from tools.telemetry import schema

SCHEMA = schema()
MOST_QUERIES = 30  # of one dashboard
ADDED = {"pod", "node", "namespace", "job", "le", "version", "service"}  # by whoever scrapes; le by histograms
PROMQL = [query for query in queries() if query.source == "prometheus"]
TRACES = [query for query in queries() if query.source == "jaeger"]
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_SERIES = re.compile(r"\b(?:[a-z]+:)?[a-z][a-z0-9_]*(?::[a-z0-9_]+)?\b(?=\s*[{\[])|\b(?:farthing|kube|container|process|slo)[a-z0-9_:]+\b")
_LABEL = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"")
_BY = re.compile(r"\bby\s*\(([^)]*)\)")
_PARTS = ("_bucket", "_count", "_sum")
every = pytest.mark.parametrize("name", ALL)
each_query = pytest.mark.parametrize("query", PROMQL, ids=str)


@every
def test_it_is_what_its_source_makes(name: str) -> None:
    assert (FOLDER / f"{name}.json").read_text() == text_of(name), "run `python -m tools.dashboards`"


def test_there_are_no_others() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(ALL)


@every
def test_the_models_of_grafana_know_all_of_it(name: str) -> None:
    """What the library's models do not know gets lost on the way through them."""
    raw = json.loads((FOLDER / f"{name}.json").read_text())
    again = json.loads(json.dumps(Dashboard.from_json(raw), cls=JSONEncoder))
    assert _without_searches(again) == _without_searches(raw)


def _without_searches(dashboard: dict[str, Any]) -> dict[str, Any]:
    """Queries of Jaeger are not among the library's."""
    for panel in panels(dashboard):
        panel["targets"] = [one for one in panel["targets"] if one.get("datasource", {}).get("uid") != "jaeger"]
    return dashboard


@every
def test_it_shows_what_observer_annotates(name: str) -> None:
    """Such annotations belong to no dashboard: one that does not ask for them by their tags shows none."""
    now = datetime.now(UTC)
    written = annotation(Happening(("rollout", "d", "2"), "rollout", "orders", "farthing-orders", now), None)
    asked = [one["target"] for one in dashboards()[name]["annotations"]["list"] if one["enable"] and one["target"]["type"] == "tags"]
    assert len(asked) == 1
    assert set(asked[0]["tags"]) <= set(written.tags)


@every
def test_it_loads_with_few_queries(name: str) -> None:
    assert 1 <= sum(query.dashboard == name for query in queries()) <= MOST_QUERIES


@every
def test_panels_have_their_own_place_and_say_what_they_show(name: str) -> None:
    dashboard = dashboards()[name]
    taken: Counter[tuple[int, int]] = Counter()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        taken.update((x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"]))
    assert [cell for cell, times in taken.items() if times > 1] == []
    for panel in panels(dashboard):
        assert panel["description"].endswith((".", "?")), panel["title"]
        assert panel["datasource"]["uid"] in {"prometheus", "jaeger"}
        refs = [target["refId"] for target in panel["targets"]]
        assert len(refs) == len(set(refs)) > 0
        assert {target["datasource"]["uid"] for target in panel["targets"]} == {panel["datasource"]["uid"]}
    titles = [panel["title"] for panel in panels(dashboard)]
    assert len(titles) == len(set(titles))


@every
def test_every_variable_that_it_uses_is_its_own(name: str) -> None:
    dashboard = dashboards()[name]
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(dashboard["panels"]))) - {"__rate_interval", "1"}
    assert used == {variable["name"] for variable in dashboard.get("templating", {}).get("list", [])}


@each_query
def test_it_asks_for_series_that_are_emitted(query: Query) -> None:
    names, labels = _series(query.text), _labels(query.text)
    assert names, query
    known = {name for name in names if _listed(name) is not None}
    assert names == known, f"not in observability/schema: {names - known}"
    allowed = set().union(*(_listed(name)["labels"] for name in known)) | ADDED  # type: ignore[index]
    if "label_replace" in query.text:
        allowed |= set(re.findall(r'label_replace\(.*?, "(\w+)", ', query.text))
    assert labels <= allowed, f"no such labels: {labels - allowed}"


def _series(text: str) -> set[str]:
    return set(_SERIES.findall(_STRING.sub('""', text)))


def _labels(text: str) -> set[str]:
    grouped = {label.strip() for found in _BY.findall(text) for label in found.split(",")}
    return {*_LABEL.findall(text), *grouped} - {""}


def _listed(name: str) -> dict[str, Any] | None:
    """The schema's entry of a series: a histogram's is its name without the last part."""
    metrics = SCHEMA["metrics"]
    for part in _PARTS:
        whole = name.removesuffix(part)
        if whole != name and metrics.get(whole, {}).get("kind") == "histogram":
            return metrics[whole]
    found = metrics.get(name)
    return None if found is None or found["kind"] == "histogram" else found


def test_every_metric_of_the_platform_is_shown_somewhere() -> None:
    """But for what is not worth a panel: when the last look at the books was old, an alert tells it and the books' panels are empty."""
    shown = {name.removesuffix(part) for query in PROMQL for name in _series(query.text) for part in (*_PARTS, "")}
    unshown = {"process_virtual_memory_bytes", "process_start_time_seconds", "process_open_fds", "process_max_fds"}
    assert set(SCHEMA["metrics"]) - shown == unshown | {"farthing_ledger_last_look_timestamp_seconds"}


@pytest.mark.parametrize("query", TRACES, ids=str)
def test_it_searches_for_attributes_that_spans_have(query: Query) -> None:
    assert bool(query.text) != bool(query.service and query.tags)
    names = set(re.findall(r"([\w.]+)=", query.tags))
    assert names <= set(SCHEMA["attributes"])


@pytest.mark.needs_promtool
def test_every_query_parses(promtool: Path, tmp_path: Path) -> None:
    """As rules, all in one go: Prometheus itself reads them."""
    rules = [{"record": f"query:{number}", "expr": query.text} for number, query in enumerate(PROMQL)]
    path = tmp_path / "queries.json"  # JSON is YAML
    path.write_text(json.dumps({"groups": [{"name": "dashboards", "rules": rules}]}))
    done = subprocess.run([promtool, "check", "rules", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(PROMQL)} rules found" in done.stdout


@pytest.mark.needs_promtool
def test_every_query_answers_where_all_is_measured(promtool: Path, tmp_path: Path) -> None:
    """Prometheus' own engine evaluates each over invented series: labels that do not meet, or meet too often, show here."""
    cases = [
        {"expr": f"count({query.text}) > bool 0", "eval_time": "15m", "exp_samples": [{"labels": "{}", "value": 1}]} for query in PROMQL
    ]
    first = {(query.dashboard, query.panel): query.text for query in reversed(PROMQL)}
    for place, value in EXPECTED.items():  # to a millionth: rates are floats
        expected = [{"labels": "{}", "value": value}]
        cases.append({"expr": f"round(max({first[place]}), 0.000001)", "eval_time": "15m", "exp_samples": expected})
    series = [{"series": name, "values": f"{start}{step:+d}x60"} for name, (start, step) in SERIES.items()]
    (tmp_path / "none.yaml").write_text("groups: []")
    test = {"interval": "15s", "input_series": series, "promql_expr_test": cases}
    path = tmp_path / "test.yaml"
    path.write_text(json.dumps({"rule_files": ["none.yaml"], "evaluation_interval": "15s", "tests": [test]}))
    done = subprocess.run([promtool, "test", "rules", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
