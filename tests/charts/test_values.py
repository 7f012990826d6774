"""The schema accepts the values that are here and refuses mistakes, saying where."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from tests.charts.documents import merged, read_values
from tests.charts.renders import ROOT

CHART = ROOT / "charts/farthing"
FILES = sorted(path for path in (ROOT / "k8s/environments").glob("*/*.yaml") if path.stem in {"farthing", "embedded", "farthing-observed"})


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return dict(json.loads((CHART / "values.schema.json").read_text()))


@pytest.fixture(scope="module")
def defaults() -> dict[str, Any]:
    return read_values(CHART / "values.yaml")


def complaints(schema: dict[str, Any], values: dict[str, Any]) -> list[str]:
    return sorted("/".join(map(str, error.absolute_path)) or "/" for error in Draft7Validator(schema).iter_errors(values))


def test_the_schema_is_one(schema: dict[str, Any]) -> None:
    Draft7Validator.check_schema(schema)


def test_it_knows_every_value_and_no_other(schema: dict[str, Any], defaults: dict[str, Any]) -> None:
    assert sorted(set(schema["properties"]) - {"global"}) == sorted(defaults)
    assert complaints(schema, defaults) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_values_of_every_environment_are_accepted(schema: dict[str, Any], defaults: dict[str, Any], path: Path) -> None:
    assert complaints(schema, merged(defaults, read_values(path))) == []


def test_there_are_environments() -> None:
    assert [path.parent.name for path in FILES] == ["ci", "ci", "dev", "dev", "dev", "example-production"]


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ({"mode": "monolith"}, ["mode"]),
        ({"replicas": 3}, ["/"]),
        ({"publicUrl": "pay.example.com"}, ["publicUrl"]),
        ({"publicUrl": "https://pay.example.com/path"}, ["publicUrl"]),
        ({"services": {"ledger": {"replica": 2}}}, ["services/ledger"]),
        ({"services": {"ledger": {"replicas": -1}}}, ["services/ledger/replicas"]),
        ({"services": {"ledger": {"replicas": "2"}}}, ["services/ledger/replicas"]),
        ({"services": {"ledger": {"image": {"tag": "a b"}}}}, ["services/ledger/image/tag"]),
        ({"services": {"processor": {"implementation": "farthing/without-a-tag"}}}, ["services/processor/implementation"]),
        ({"services": {"ledger": {"env": {"FARTHING_WEBHOOK_TIMEOUT": 5}}}}, ["services/ledger/env/FARTHING_WEBHOOK_TIMEOUT"]),
        ({"defaults": {"resources": {"limits": {"memory": "256 MB"}}}}, ["defaults/resources/limits/memory"]),
        ({"database": {"port": 0}}, ["database/port"]),
        ({"database": {"password": "secret"}}, ["database"]),
        ({"nats": {"url": "http://nats:4222"}}, ["nats/url"]),
        ({"gateway": {"parentRefs": [{"namespace": "gateways"}]}}, ["gateway/parentRefs/0"]),
        ({"telemetry": {"traceRatio": 5}}, ["telemetry/traceRatio"]),
    ],
)
def test_mistakes_are_refused_where_they_are(
    schema: dict[str, Any], defaults: dict[str, Any], values: dict[str, Any], where: list[str]
) -> None:
    assert complaints(schema, merged(defaults, values)) == where
