"""With Helm at hand: each part of charts/observability can be the cluster's own, and mistakes end in one line."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.charts.documents import Objects, environment
from tests.charts.renders import ROOT

pytestmark = pytest.mark.needs_helm
CHART = ROOT / "charts/observability"
VALUES = ROOT / "k8s/environments/ci/observability.yaml"
PARTS = ("collector", "jaeger", "kube-state-metrics", "observer")  # Deployments but for Grafana


def template(helm: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command: list[str | Path] = [helm, "template", "observability", CHART, "--values", VALUES, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_where_its_image_cannot_be_had_grafana_is_off(helm: Path) -> None:
    found = Objects(template(helm).stdout)
    assert set(found.of("Deployment")) == {f"observability-{part}" for part in PARTS}


def test_a_cluster_s_own_parts_are_used_instead(helm: Path) -> None:
    own = "jaeger.enabled=false,jaeger.otlp=tempo.traces:4317,jaeger.query=http://tempo.traces:3200"
    state = "kubeStateMetrics.enabled=false,kubeStateMetrics.address=state.kube-system:8080"
    grafana = "grafana.enabled=true,grafana.adminSecret=grafana"
    found = Objects(template(helm, "--set", f"{own},{state},{grafana}").stdout)
    assert set(found.of("Deployment")) == {"observability-collector", "observability-grafana", "observability-observer"}
    text = json.dumps(found.of("ConfigMap"))
    assert "endpoint: tempo.traces:4317" in text
    assert "url: http://tempo.traces:3200" in text
    assert 'targets: [\\"state.kube-system:8080\\"]' in text
    (container,) = found.one("Deployment", "observability-grafana")["spec"]["template"]["spec"]["containers"]
    assert environment(container)["GF_SECURITY_ADMIN_PASSWORD"] == "secret grafana/admin-password"


def test_prometheus_operator_is_given_rules_in_their_own_windows(helm: Path) -> None:
    found = Objects(template(helm, "--set", "operator.rules=true").stdout)
    assert set(found.of("PrometheusRule")) == {"observability-slo", "observability-alerts"}
    assert found.one("PrometheusRule", "observability-slo")["spec"] == yaml.safe_load((ROOT / "observability/slo/slo.yaml").read_text())


def test_there_are_monitors_only_of_what_is_there(helm: Path) -> None:
    without = "observer.enabled=false,kubeStateMetrics.enabled=false"
    found = Objects(template(helm, "--set", f"operator.serviceMonitors=true,{without}").stdout)
    assert set(found.of("ServiceMonitor")) == {"observability-farthing"}
    assert Objects(template(helm).stdout).of("ServiceMonitor") == {}


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--set", "jaeger.enabled=false"], "jaeger.otlp is empty: the collector needs a store for traces (host:4317)"),
        (["--set-json", "slo.windowScale=0.01"], "slo.windowScale=0.01: five minutes become shorter than three scrapes"),
        (["--set", "grafana.enabled=true"], "grafana: nobody could sign in; name a secret in grafana.adminSecret"),
        (
            ["--set", "grafana.enabled=true,grafana.anonymousRole=Viewer,prometheus.enabled=false"],
            "prometheus.address is empty: Grafana needs one",
        ),
    ],
)
def test_a_mistake_is_refused_in_one_line(helm: Path, words: list[str], line: str) -> None:
    done = template(helm, *words)
    assert done.returncode != 0
    assert line in done.stderr
