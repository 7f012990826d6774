"""Prometheus' own program reads the rules and runs their unit tests, in the length they have and scaled by the chart."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.needs import ROOT
from tests.observability.rules_files import RULES, UNIT_TESTS

pytestmark = [pytest.mark.needs_promtool, pytest.mark.timeout(600)]  # a busy machine: each evaluates rules thousands of times
CHART = ROOT / "charts/observability"
VALUES = ROOT / "k8s/environments/ci/observability.yaml"


def promised(promtool: Path, *words: str | Path) -> None:
    done = subprocess.run([promtool, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def rendered(helm: Path, folder: Path, *words: str) -> Path:
    """The chart's configuration of Prometheus with its rules beside it, as they are in the pod but for their place."""
    command: list[str | Path] = [helm, "template", "observability", CHART, "--values", VALUES, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    data = {one["metadata"]["name"]: one["data"] for one in yaml.safe_load_all(done.stdout) if one and one["kind"] == "ConfigMap"}
    for name, text in data["observability-rules"].items():
        (folder / name).write_text(text)
    (folder / "token").write_text("")
    configuration = data["observability-prometheus"]["prometheus.yml"].replace("/etc/prometheus/rules", str(folder))
    path = folder / "prometheus.yml"
    path.write_text(configuration.replace("/var/run/secrets/kubernetes.io/serviceaccount/", f"{folder}/"))
    return path


def test_the_rules_are_rules(promtool: Path) -> None:
    promised(promtool, "check", "rules", "--lint=all", "--lint-fatal", *RULES)


@pytest.mark.parametrize("path", UNIT_TESTS, ids=lambda path: path.stem)
def test_their_unit_tests_pass(promtool: Path, path: Path) -> None:
    promised(promtool, "test", "rules", path)


@pytest.mark.needs_helm
@pytest.mark.parametrize("scale", ["1", "0.1"])
def test_prometheus_takes_what_the_chart_gives_it(promtool: Path, helm: Path, tmp_path: Path, scale: str) -> None:
    path = rendered(helm, tmp_path, "--set-json", f"slo.windowScale={scale}")
    path = path.rename(tmp_path / "prometheus.yml.checked")  # not a rule file itself
    promised(promtool, "check", "config", path)


@pytest.mark.needs_helm
@pytest.mark.parametrize(("scale", "fires"), [("1", False), ("0.1", True)])
def test_two_minutes_of_failures_are_a_page_only_in_scaled_windows(
    promtool: Path, helm: Path, tmp_path: Path, scale: str, fires: bool
) -> None:
    rendered(helm, tmp_path, "--set-json", f"slo.windowScale={scale}")
    rules = yaml.safe_load((tmp_path / "slo.yaml").read_text())
    for rule in (rule for group in rules["groups"] for rule in group["rules"]):
        rule.pop("annotations", None)
    (tmp_path / "slo.yaml").write_text(yaml.safe_dump(rules))
    count = 'http_server_request_duration_seconds_count{service="orders",operation="orders.capture",status='
    bucket = 'http_server_request_duration_seconds_bucket{service="orders",operation="orders.capture",le="1.0",status='
    series = {f'{count}"201"}}': "0+50x750", f'{bucket}"201"}}': "0+50x750", f'{count}"500"}}': "0x720 5+5x30"}
    page = {"exp_labels": {"slo": "checkout-availability", "severity": "page"}}
    cases: list[dict[str, Any]] = [{"alertname": "ErrorBudgetBurnsFast", "eval_time": "1h", "exp_alerts": []}]
    cases += [{"alertname": "ErrorBudgetBurnsFast", "eval_time": "62m", "exp_alerts": [page] if fires else []}]
    inputs = [{"series": one, "values": values} for one, values in series.items()]
    test = {"interval": "5s", "input_series": inputs, "alert_rule_test": cases}
    order = {"evaluation_interval": "15s", "group_eval_order": ["slo-indicators", "slo-burn"]}
    unit = order | {"rule_files": [str(tmp_path / "slo.yaml")], "tests": [test]}
    (tmp_path / "unit.yml").write_text(yaml.safe_dump(unit))
    promised(promtool, "test", "rules", tmp_path / "unit.yml")
