"""Series of Kubernetes' objects, containers and the gateway get the service that they are of, in both modes; strangers' get none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import pytest
import yaml

from tests.charts.documents import Objects
from tests.charts.renders import RENDERS

HASHES: Final = ("7c9b4d5f68", "6d8f9", "bcdfghjklm")  # of a template of pods: up to ten letters
LETTERS: Final = ("x2k9q", "zzzzz")
GATEWAY: Final = "httproute-farthing-{0}-gw-farthing-farthing-ep-web-0-0123456789abcdef-svc-farthing-{0}-{1}@kubernetesgateway"

both_modes = pytest.mark.parametrize("mode", ["split", "embedded", "production"])


@cache
def render(name: str) -> Objects:
    return Objects(next(one for one in RENDERS if one.name == name).golden.read_text())


@cache
def steps(job: str) -> list[dict[str, Any]]:
    """Of the chart's own Prometheus; tests/charts/test_observability.py compares the operator's with them."""
    configuration = yaml.safe_load(render("observability").one("ConfigMap", "observability-prometheus")["data"]["prometheus.yml"])
    return next(list(one["metric_relabel_configs"]) for one in configuration["scrape_configs"] if one["job_name"] == job)


def service(job: str, **labels: str) -> str | None:
    """The label that is stored, "" without one; None when the series is dropped. As Prometheus does it: a match is of the whole."""
    for step in steps(job):
        found = re.fullmatch(step.get("regex", "(.*)"), ";".join(labels.get(one, "") for one in step.get("source_labels", [])))
        action = step.get("action", "replace")
        if action == "keep" and not found:
            return None
        if action == "replace" and found:
            labels[step["target_label"]] = found.expand(step.get("replacement", "$1").replace("$1", r"\1"))
    return labels.get("service", "")


def deployments(mode: str) -> dict[str, str]:
    """By name what its pods say that they are."""
    found = render(mode).of("Deployment").items()
    return {name: one["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/component"] for name, one in found}


def pods(name: str) -> list[str]:
    return [f"{name}-{hashed}-{letters}" for hashed in HASHES for letters in LETTERS]


@both_modes
def test_a_deployment_and_its_autoscaler_have_their_component_as_service(mode: str) -> None:
    assert deployments(mode)
    for name, component in deployments(mode).items():
        assert service("kubernetes", namespace="farthing", deployment=name) == component
    for name, one in render(mode).of("HorizontalPodAutoscaler").items():
        component = deployments(mode)[one["spec"]["scaleTargetRef"]["name"]]
        assert service("kubernetes", namespace="farthing", horizontalpodautoscaler=name) == component


@both_modes
@pytest.mark.parametrize("job", ["kubernetes", "cadvisor"])
def test_so_have_its_pods(mode: str, job: str) -> None:
    series = "container_memory_working_set_bytes"
    for name, component in deployments(mode).items():
        assert {service(job, __name__=series, namespace="farthing", pod=pod) for pod in pods(name)} == {component}, name


@both_modes
def test_so_has_what_the_gateway_routes_to_it(mode: str) -> None:
    routed = set(_backends(mode))
    assert routed
    for name, port in routed:
        component = render(mode).one("Service", name)["metadata"]["labels"]["app.kubernetes.io/component"]
        series = {"__name__": "traefik_service_requests_total", "service": "gateway", "exported_service": GATEWAY.format(name, port)}
        assert service("gateway", **series) == component


def _backends(mode: str) -> Iterator[tuple[str, int]]:
    for route in render(mode).of("HTTPRoute").values():
        for rule in route["spec"]["rules"]:
            yield from ((one["name"], one["port"]) for one in rule["backendRefs"])


def test_what_the_gateway_did_altogether_is_its_own() -> None:
    assert service("gateway", __name__="traefik_entrypoint_requests_total", service="gateway") == "gateway"
    assert service("gateway", __name__="go_goroutines", service="gateway") is None


def test_the_release_s_other_parts_keep_their_names() -> None:
    for name, component in (("farthing-gateway", "gateway"), ("farthing-observer", "observer")):
        assert service("kubernetes", namespace="farthing", deployment=name) == component
        assert {service("kubernetes", namespace="farthing", pod=pod) for pod in pods(name)} == {component}
    for pod in (f"{name}-0" for name in render("development-parts").of("StatefulSet")):
        assert service("kubernetes", namespace="farthing", pod=pod) == ""


@pytest.mark.parametrize("name", ["observability-grafana", "farthings", "other-farthing", "other-farthing-orders"])
def test_what_is_not_the_release_s_has_no_service(name: str) -> None:
    assert service("kubernetes", namespace="farthing", deployment=name) == ""
    assert {service("kubernetes", namespace="farthing", pod=pod) for pod in pods(name)} == {""}


def test_a_release_of_the_same_name_elsewhere_is_left_out_and_nodes_are_not() -> None:
    assert service("kubernetes", namespace="elsewhere", deployment="farthing-orders") is None
    assert service("kubernetes", node="worker") == ""
