"""Every alert says what is wrong and leads to a runbook, and is unit-tested both ways; burn rates are those of the SRE workbook."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.observability.rules_files import OBSERVABILITY, UNIT_TESTS, alerts, rules, slos

# Google's SRE workbook, chapter 5, table "recommended parameters": long window, short window, factor.
BURN_RATES = {
    "ErrorBudgetBurnsFast": {("1h", "5m", 14.4), ("6h", "30m", 6.0)},
    "ErrorBudgetBurnsSlowly": {("1d", "2h", 3.0), ("3d", "6h", 1.0)},
}
SECTIONS = ("## What it means", "## First", "## Then")


def runbooks(alert: dict[str, Any]) -> list[Path]:
    named = alert["annotations"]["runbook"]
    names = [named.replace("{{ $labels.slo }}", slo) for slo in slos()] if "{{" in named else [named]
    return [OBSERVABILITY.parent / name for name in names]


def test_there_are_alerts_and_promises() -> None:
    assert len(alerts()) == len([rule for rule in rules() if "alert" in rule]) == 12
    assert slos() == ["checkout-availability", "checkout-latency", "webhook-freshness"]


@pytest.mark.parametrize("name", sorted(alerts()))
def test_an_alert_has_a_severity_a_summary_and_a_runbook(name: str) -> None:
    alert = alerts()[name]
    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert set(alert["annotations"]) == {"summary", "runbook"}
    for path in runbooks(alert):
        text = path.read_text()
        assert [section for section in SECTIONS if section not in text] == [], path.name
        assert name in text, f"{path.name} does not name {name}"


def test_no_runbook_is_left_over() -> None:
    wanted = {path for alert in alerts().values() for path in runbooks(alert)}
    assert set((OBSERVABILITY / "runbooks").glob("*.md")) == wanted


@pytest.mark.parametrize("name", sorted(BURN_RATES))
def test_burn_rates_are_the_workbook_s(name: str) -> None:
    expression = alerts()[name]["expr"]
    one = r"slo:errors:ratio_rate(\w+) > (?:([\d.]+) \* )?slo:error_budget:ratio"
    found = {
        (long, short, float(factor or 1)) for long, factor, short, other in re.findall(rf"{one} and {one}", expression) if factor == other
    }
    assert found == BURN_RATES[name]
    assert expression.count("slo:errors:ratio_rate") == 4


@pytest.mark.parametrize("name", sorted(alerts()))
def test_an_alert_is_unit_tested_firing_and_silent(name: str) -> None:
    cases = [case for path in UNIT_TESTS for test in yaml.safe_load(path.read_text())["tests"] for case in test["alert_rule_test"]]
    assert {bool(case["exp_alerts"]) for case in cases if case["alertname"] == name} == {True, False}
