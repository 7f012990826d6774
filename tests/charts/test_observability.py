"""charts/observability: rules and dashboards are the repository's own, rights are few, and each part can be the cluster's."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from tests.charts.documents import Objects, environment, merged, read_values
from tests.charts.renders import RENDERS, ROOT

CHART = ROOT / "charts/observability"
ENVIRONMENTS = ROOT / "k8s/environments"
PARTS = ("collector", "grafana", "jaeger", "kube-state-metrics", "observer", "prometheus")


@cache
def objects() -> Objects:
    return Objects(next(render for render in RENDERS if render.name == "observability").golden.read_text())


def configured(part: str) -> dict[str, Any]:
    """The configuration that a part reads."""
    (text,) = objects().one("ConfigMap", f"observability-{part}")["data"].values()
    return dict(yaml.safe_load(text))


def peers(part: str, way: str, port: int) -> set[str]:
    """Components that a part's policy names for a port."""
    rules = objects().one("NetworkPolicy", f"observability-{part}")["spec"]["ingress" if way == "from" else "egress"]
    labels = [
        peer["podSelector"]["matchLabels"]
        for rule in rules
        for peer in rule.get(way, [])
        if {"port": port} in rule.get("ports", []) and "podSelector" in peer
    ]
    return {one.get("app.kubernetes.io/component", one["app.kubernetes.io/name"]) for one in labels}


def complaints(values: dict[str, Any]) -> list[str]:
    schema = json.loads((CHART / "values.schema.json").read_text())
    everything = merged(read_values(CHART / "values.yaml"), values)
    return sorted("/".join(map(str, error.absolute_path)) or "/" for error in Draft7Validator(schema).iter_errors(everything))


def test_the_chart_s_files_are_the_repository_s_own() -> None:
    assert (CHART / "files").is_symlink()
    assert (CHART / "files").resolve() == ROOT / "observability"
    rules = objects().one("ConfigMap", "observability-rules")["data"]
    files = [path for folder in ("slo", "alerts") for path in (ROOT / "observability" / folder).glob("*.yaml")]
    assert rules == {path.name: path.read_text() for path in files}
    dashboards = {f"observability-grafana-{path.stem}" for path in (ROOT / "observability/dashboards").glob("*.json")}
    assert {name for name in objects().of("ConfigMap") if name.startswith("observability-grafana-")} == dashboards


def test_the_schema_knows_every_value_and_no_other() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    Draft7Validator.check_schema(schema)

    def compare(values: dict[str, Any], properties: dict[str, Any], where: str) -> None:
        assert sorted(values) == sorted(set(properties) - {"global"}), where
        for name, value in values.items():
            if isinstance(value, dict) and "properties" in properties[name]:
                compare(value, properties[name]["properties"], f"{where}/{name}")

    compare(read_values(CHART / "values.yaml"), schema["properties"], "")
    assert complaints({}) == []


@pytest.mark.parametrize("path", sorted(ENVIRONMENTS.glob("*/observability.yaml")), ids=lambda path: path.parent.name)
def test_the_values_of_every_environment_are_accepted(path: Path) -> None:
    assert complaints(read_values(path)) == []


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ({"jager": {"enabled": False}}, ["/"]),
        ({"collector": {"sampling": {"percent": 101}}}, ["collector/sampling/percent"]),
        ({"prometheus": {"scrapeSeconds": 0}}, ["prometheus/scrapeSeconds"]),
        ({"prometheus": {"address": "prometheus:9090"}}, ["prometheus/address"]),
        ({"prometheus": {"kubelet": {"through": "node"}}}, ["prometheus/kubelet/through"]),
        ({"jaeger": {"otlp": "http://tempo:4317"}}, ["jaeger/otlp"]),
        ({"jaeger": {"resources": {"limits": {"memory": "256M"}}}}, ["jaeger/resources/limits/memory"]),
        ({"grafana": {"image": "grafana/grafana"}}, ["grafana/image"]),
        ({"grafana": {"adminPassword": "secret"}}, ["grafana"]),
        ({"slo": {"windowScale": 0}}, ["slo/windowScale"]),
    ],
)
def test_mistakes_are_refused_where_they_are(values: dict[str, Any], where: list[str]) -> None:
    assert complaints(values) == where


def test_every_part_asks_for_little_and_cannot_take_more_than_its_share() -> None:
    requested = limited = 0
    for name, specification in objects().pods():
        for container in specification["containers"]:
            resources = container["resources"]
            requested += int(resources["requests"]["memory"].removesuffix("Mi"))
            limited += int(resources["limits"]["memory"].removesuffix("Mi"))
            own = {entry["name"]: entry.get("value", "") for entry in container["env"]}.get("GOMEMLIMIT", "")
            assert not own or int(own.removesuffix("MiB")) < int(resources["limits"]["memory"].removesuffix("Mi")), name
    assert (requested <= 640, limited <= 2048) == (True, True), (requested, limited)


def test_rights_are_to_look_and_no_more() -> None:
    roles = {
        f"{role['kind']} {role['metadata']['name']}": role["rules"] for role in objects().all if role["kind"] in {"Role", "ClusterRole"}
    }
    allowed = {(resource, verb) for rules in roles.values() for rule in rules for resource in rule["resources"] for verb in rule["verbs"]}
    assert {verb for _, verb in allowed} == {"get", "list", "watch"}
    assert {resource for resource, _ in allowed} == {
        *("pods", "deployments", "replicasets", "statefulsets", "horizontalpodautoscalers"),
        *("events", "nodes", "nodes/metrics"),
    }
    whole = {resource for name, rules in roles.items() if name.startswith("Cluster") for rule in rules for resource in rule["resources"]}
    assert whole == {"nodes", "nodes/metrics"}
    tokens = {
        name.removeprefix("Deployment observability-").removeprefix("StatefulSet observability-")
        for name, pod in objects().pods()
        if pod["automountServiceAccountToken"]
    }
    assert tokens == {"collector", "kube-state-metrics", "observer", "prometheus"}


def test_who_may_reach_whom() -> None:
    assert set(objects().of("NetworkPolicy")) == {f"observability-{part}" for part in PARTS}
    assert peers("collector", "from", 4318) == {"farthing", "observer"}
    assert peers("collector", "to", 4317) == peers("jaeger", "from", 4317) ^ {"collector", "jaeger"} == {"jaeger"}
    assert peers("prometheus", "to", 8000) == peers("prometheus", "to", 9464) == {"farthing"}
    assert peers("prometheus", "to", 8081) == {"farthing-gateway"}
    assert peers("observer", "to", 8000) == {"farthing"}
    assert peers("observer", "from", 8001) == {"farthing-gateway"}
    assert peers("prometheus", "from", 9090) == {"grafana", "observer"}
    assert peers("jaeger", "from", 16686) == {"grafana"}
    assert objects().one("NetworkPolicy", "observability-jaeger")["spec"]["egress"] == []
    assert peers("kube-state-metrics", "from", 8080) == {"prometheus"}


@pytest.mark.parametrize("name", ["dev", "ci"])
def test_the_platform_sends_to_the_collector_and_lets_prometheus_read(name: str) -> None:
    values = read_values(ENVIRONMENTS / name / "farthing-observed.yaml")
    host, port = values["telemetry"]["otlpEndpoint"].removeprefix("http://").split(":")
    assert int(port) in {one["port"] for one in objects().one("Service", host)["spec"]["ports"]}
    gateway = read_values(ENVIRONMENTS / name / "farthing-gateway.yaml")
    pods = [one["spec"]["template"]["metadata"]["labels"] for one in objects().all if one["kind"] in {"Deployment", "StatefulSet"}]
    telemetry, monitoring, also = values["telemetry"], values["monitoring"], gateway["monitoring"]
    for part, components in ((telemetry, ["collector"]), (monitoring, ["prometheus", "observer"]), (also, ["prometheus"])):
        wanted = [peer["podSelector"]["matchLabels"].items() for peer in part["peers"]]
        assert [labels["app.kubernetes.io/component"] for one in wanted for labels in pods if one <= labels.items()] == components


def test_the_collector_keeps_what_matters_and_forgets_within_bounds() -> None:
    collector = configured("collector")
    sampling = collector["processors"]["tail_sampling"]
    assert [policy["name"] for policy in sampling["policies"]] == [
        *("errors", "failed-answers", "slow", "forced", "under-a-fault", "rollouts"),
        "share",
    ]
    assert sampling["policies"][-1]["probabilistic"]["sampling_percentage"] < 100
    pipeline = collector["service"]["pipelines"]["traces"]
    assert pipeline["processors"] == ["memory_limiter", "k8s_attributes", "tail_sampling", "batch"]
    assert collector["exporters"]["otlp_grpc"]["endpoint"] == "observability-jaeger:4317"
    assert configured("jaeger")["extensions"]["jaeger_storage"]["backends"]["memory"]["memory"]["max_traces"] > 0


def test_prometheus_sees_a_rollout_in_time_and_forgets_within_its_volume() -> None:
    prometheus = configured("prometheus")
    assert prometheus["global"]["scrape_interval"] == "5s"
    jobs = {job["job_name"]: job for job in prometheus["scrape_configs"]}
    assert set(jobs) == {"farthing", "gateway", "observability", "kubernetes", "cadvisor"}
    labels = {rule["target_label"] for rule in jobs["farthing"]["relabel_configs"] if "target_label" in rule}
    assert {"service", "version", "pod"} <= labels
    arguments = objects().one("StatefulSet", "observability-prometheus")["spec"]["template"]["spec"]["containers"][0]["args"]
    assert {"--storage.tsdb.retention.time=3d", "--storage.tsdb.retention.size=1GB"} <= set(arguments)


def test_grafana_has_no_password_and_takes_everything_from_files() -> None:
    (container,) = objects().one("Deployment", "observability-grafana")["spec"]["template"]["spec"]["containers"]
    variables = environment(container)
    assert {name for name in variables if "PASSWORD" in name} == set()
    assert (variables["GF_AUTH_ANONYMOUS_ENABLED"], variables["GF_AUTH_ANONYMOUS_ORG_ROLE"]) == ("true", "Editor")
    data = objects().one("ConfigMap", "observability-grafana")["data"]
    sources = yaml.safe_load(data["datasources.yaml"])["datasources"]
    assert {source["uid"]: source["url"] for source in sources} == {
        "prometheus": "http://observability-prometheus:9090",
        "jaeger": "http://observability-jaeger:16686",
    }
    assert yaml.safe_load(data["dashboards.yaml"])["providers"][0]["allowUiUpdates"] is False


def by_operator() -> Objects:
    return Objects(next(render for render in RENDERS if render.name == "observability-by-operator").golden.read_text())


def test_prometheus_operator_finds_a_service_for_each_monitor_and_may_read_it() -> None:
    found, platform = by_operator(), Objects(next(render for render in RENDERS if render.name == "production").golden.read_text())
    services = [*found.of("Service").values(), *platform.of("Service").values()]
    looked_at: dict[str, set[str]] = {}
    for name, monitor in found.of("ServiceMonitor").items():
        assert monitor["metadata"]["labels"]["release"] == "monitoring"
        wanted = monitor["spec"]["selector"]["matchLabels"].items()
        ports = {endpoint["port"] for endpoint in monitor["spec"]["endpoints"]}
        matching = [one for one in services if wanted <= one["metadata"]["labels"].items()]
        assert all(ports & {port["name"] for port in one["spec"]["ports"]} for one in matching), name
        looked_at[name] = {one["metadata"]["name"] for one in matching}
    assert looked_at == {
        "observability-farthing": set(platform.of("Service")),
        "observability-kube-state-metrics": {"observability-kube-state-metrics"},
        "observability-observer": {"observability-observer"},
    }
    prometheus = {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}
    for name, port in (("kube-state-metrics", 8080), ("observer", 8000)):
        rules = found.one("NetworkPolicy", f"observability-{name}")["spec"]["ingress"]
        (rule,) = [rule for rule in rules if rule["ports"] == [{"port": port}]]
        assert prometheus in [peer.get("namespaceSelector") for peer in rule["from"]], name


def test_series_have_the_same_job_and_labels_through_the_operator() -> None:
    jobs = {one["job_name"]: one for one in configured("prometheus")["scrape_configs"]}
    monitors = by_operator().of("ServiceMonitor")
    for name, job in (("farthing", "farthing"), ("observer", "observability")):
        own = {one["target_label"]: one["source_labels"] for one in jobs[job]["relabel_configs"] if "target_label" in one}
        for endpoint in monitors[f"observability-{name}"]["spec"]["endpoints"]:
            theirs = {one["targetLabel"]: one.get("sourceLabels", one.get("replacement")) for one in endpoint["relabelings"]}
            assert theirs.pop("job") == job
            assert theirs == {label: source for label, source in own.items() if label not in {"namespace", "pod"}}  # the operator adds them
            assert endpoint["metricRelabelings"] == in_its_words(jobs[job]["metric_relabel_configs"])
    (endpoint,) = monitors["observability-kube-state-metrics"]["spec"]["endpoints"]
    assert endpoint["honorLabels"] is True
    assert endpoint["relabelings"] == [{"targetLabel": "job", "replacement": "kubernetes"}, {"regex": "service", "action": "labeldrop"}]
    assert endpoint["metricRelabelings"] == in_its_words(jobs["kubernetes"]["metric_relabel_configs"])


def test_alerts_of_targets_name_every_job_of_ours() -> None:
    """And no other: Prometheus' operator may read for strangers too."""
    rules = yaml.safe_load((ROOT / "observability/alerts/alerts.yaml").read_text())["groups"]
    (target_down,) = [rule["expr"] for group in rules for rule in group["rules"] if rule["alert"] == "TargetDown"]
    (named,) = re.findall(r'up{job=~"([a-z|]+)"}', target_down)
    endpoints = [endpoint for one in by_operator().of("ServiceMonitor").values() for endpoint in one["spec"]["endpoints"]]
    theirs = {step["replacement"] for one in endpoints for step in one["relabelings"] if step.get("targetLabel") == "job"}
    assert set(named.split("|")) == {job["job_name"] for job in configured("prometheus")["scrape_configs"]} > theirs


def in_its_words(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{word.replace("_l", "L"): value for word, value in step.items()} for step in steps]
