"""What is emitted is listed in observability/schema with its labels and types, and what is listed is emitted by somebody."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import Metric, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from farthing.embedded.services import MANIFESTS
from farthing.kit.faults import Fault
from farthing.observer.domain.objects import Node
from farthing.observer.operations.observing import DRAINING
from services.observer.tests.stage import PATIENCE, staged
from services.observer.tests.test_history import NOON, ROLLOUT
from tests.e2e.recorded import Recorded, Span, recorded
from tests.postgres import PostgresServer
from tools.telemetry import PAGE, ROOT, page, schema

SCHEMA = schema()
SERVICES = {manifest.name for manifest in MANIFESTS}
TYPES = {"string": str, "int": int, "bool": bool}


@pytest.fixture(scope="module")
def observed() -> tuple[list[Metric], list[Span]]:
    """What observer emits of a rollout to a node that goes away, with a request that fails and a container that is killed."""
    return asyncio.run(_observed())


async def _observed() -> tuple[list[Metric], list[Span]]:
    async with staged() as stage:
        stage.observing.seen(Node("n1", "worker", ready=False, cordoned=False), NOON)
        await stage.take(*ROLLOUT[:9])
        for status in (200, 500):
            stage.new.metrics.served("orders", "2", "orders.get", status, 0.1)
        await stage.take(*ROLLOUT[9:])
        await stage.wait(PATIENCE + DRAINING)
        return list(text_string_to_metric_families(generate_latest(stage.registry).decode())), [Span(one) for one in stage.spans()]


@pytest.fixture(scope="module")
def busy(postgres_server: PostgresServer, prepared_database: str) -> tuple[list[Metric], list[Span]]:
    """What a platform emits that does all it can: payments, refunds, webhooks that arrive and fail, faults, errors."""
    return asyncio.run(_emitted(postgres_server, prepared_database))


async def _emitted(server: PostgresServer, template: str) -> tuple[list[Metric], list[Span]]:
    async with recorded(server, template) as store:
        await _live_through(store)
        value = store.platform.metrics.registry.get_sample_value
        while value("farthing_holds_open", {"service": "ledger", "currency": "USD"}) is None:  # noqa: ASYNC110 - as a scrape would
            await asyncio.sleep(0.1)  # until ledger looks at its books again: the first look came before the seed
        return list(text_string_to_metric_families(store.platform.metrics.exposition().decode())), store.spans()


async def _live_through(store: Recorded) -> None:
    await store.subscribe()
    store.store.answers = [500]
    checkout = await store.checkout()
    await store.ask("POST", f"/v2/payments/captures/{checkout.capture}/refund", {}, 201)
    store.platform.faults.plant(Fault("f", "orders.create", "error", status=500, times=1))
    await store.ask("GET", "/v2/checkout/orders/NONE", status=404)
    await store.ask("POST", "/v2/checkout/orders", {"intent": "CAPTURE", "purchase_units": [{"amount": _TEN}]}, 500)
    await store.platform.settle()


_TEN = {"currency_code": "USD", "value": "10.00"}


@pytest.fixture(scope="module", params=["platform", "observer"])
def emitted(request: pytest.FixtureRequest) -> tuple[str, list[Metric], list[Span]]:
    """Who, and what."""
    metrics, spans = request.getfixturevalue({"platform": "busy", "observer": "observed"}[request.param])
    return request.param, metrics, spans


class TestMetrics:
    def test_only_what_is_listed_with_its_labels(self, emitted: tuple[str, list[Metric], list[Span]]) -> None:
        by, metrics, _ = emitted
        for metric in metrics:
            listed = _listed("metrics", by).get(_name_of(metric))
            assert listed is not None, f"{_name_of(metric)} of {by} is not in observability/schema"
            labels = {label for sample in metric.samples for label in sample.labels} - {"le"}
            assert (metric.type, labels) == (listed["kind"], set(listed["labels"])), metric.name

    def test_all_that_is_listed(self, emitted: tuple[str, list[Metric], list[Span]]) -> None:
        by, metrics, _ = emitted
        assert set(_listed("metrics", by)) - {_name_of(metric) for metric in metrics if metric.samples} == set()

    def test_those_that_rules_make(self) -> None:
        files = (ROOT / "observability" / "slo").glob("*.yaml")
        groups = [group for path in files for group in yaml.safe_load(path.read_text())["groups"]]
        made = {rule["record"] for group in groups for rule in group["rules"] if "record" in rule}
        assert {name for name, metric in SCHEMA["metrics"].items() if metric["by"] == "rules"} <= made

    def test_names_and_units_follow_prometheus(self) -> None:
        for name, metric in [*_listed("metrics", "platform").items(), *_listed("metrics", "observer").items()]:
            assert name.endswith("_total") == (metric["kind"] == "counter"), name
            unit = metric["unit"].replace(" ", "_")
            assert unit not in {"seconds", "bytes", "minor_units"} or unit in name, name

    def test_no_label_is_one_that_prometheus_gives_its_targets(self) -> None:
        """It would put its own value there, and move ours to `exported_…`; service and version are moved back by the chart."""
        listed = [*_listed("metrics", "platform").values(), *_listed("metrics", "observer").values()]
        assert not {label for metric in listed for label in metric["labels"]} & {"job", "instance", "namespace", "pod", "node", "container"}

    def test_nothing_personal_is_a_label(self) -> None:
        labels = {label for metric in SCHEMA["metrics"].values() for label in metric["labels"]}
        assert not labels & {"app", "account", "buyer", "order", "client_id", "email", "url", "merchant"}


class TestAttributes:
    def test_only_what_is_listed_where_it_is_listed(self, emitted: tuple[str, list[Metric], list[Span]]) -> None:
        by, _, spans = emitted
        for span in spans:
            for name, value in span.facts.items():
                listed = _listed("attributes", by).get(name)
                assert listed is not None, f"{name} of {span} is not in observability/schema"
                assert _kind_of(span) in listed["spans"], f"{name} on {span}"
                assert type(value) is TYPES[listed["type"]], f"{name} of {span} is {value!r}"

    def test_all_that_is_listed(self, emitted: tuple[str, list[Metric], list[Span]]) -> None:
        by, _, spans = emitted
        assert set(_listed("attributes", by)) - {name for span in spans for name in span.facts} == set()


def _listed(part: str, by: str) -> dict[str, dict[str, Any]]:
    return {name: one for name, one in SCHEMA[part].items() if one.get("by", "platform") == by}


def _name_of(metric: Metric) -> str:
    return metric.name + ("_total" if metric.type == "counter" else "")


def _kind_of(span: Span) -> str:
    if span.kind == "CLIENT":
        return "statement" if "db.system.name" in span.facts else "call" if span.facts["server.address"] in SERVICES else "delivery"
    return {"SERVER": "server", "PRODUCER": "event", "CONSUMER": "event", "INTERNAL": "change"}[span.kind]


def test_events_are_those_of_the_manifests() -> None:
    assert {name: event["by"] for name, event in SCHEMA["events"].items()} == {
        name: manifest.name for manifest in MANIFESTS for name in manifest.emits
    }


def test_log_lines_are_those_of_the_source() -> None:
    # Of the fields those that are one word: the others come in a dict.
    listed = {name: {field for field in line["fields"] if " " not in field} for name, line in SCHEMA["logs"].items()}
    assert listed == _written(path for part in ("libs", "services", "embedded") for path in (ROOT / part).rglob("src/**/*.py"))


def _written(paths: Iterable[Path]) -> dict[str, set[str]]:
    """Every event name that is given to a log as text, with its fields."""
    found: dict[str, set[str]] = {}
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and _is_log(node.func) and node.args:
                for name in _names(node.args[0]):
                    found.setdefault(name, set()).update(word.arg for word in node.keywords if word.arg)
    return found


def _names(given: ast.expr) -> list[str]:
    """One, or either: `"a" if b else "c"`."""
    if isinstance(given, ast.IfExp):
        return _names(given.body) + _names(given.orelse)
    return [str(given.value)] if isinstance(given, ast.Constant) else []


def _is_log(function: ast.expr) -> bool:
    if isinstance(function, ast.Attribute) and function.attr in {"info", "warning", "error"}:
        return ast.unparse(function.value).rsplit(".", 1)[-1] in {"log", "_log"}
    return isinstance(function, ast.Name) and function.id == "log"


def test_the_page_is_made_from_the_schema() -> None:
    assert PAGE.read_text() == page(SCHEMA), "run `python tools/telemetry.py`"
