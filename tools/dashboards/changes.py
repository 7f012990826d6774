"""Rollout and Scaling: what a change does to those who are being served."""

from __future__ import annotations

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import Dashboard, Panel

from tools.dashboards.parts import HALF, RATE, Line, Search, graph, number, page, service_variable, traces
from tools.dashboards.traffic import COUNT, PROBES, quantile, share_of_failures

OWN = f'service="$service", {PROBES}'
OF_SERVICE = '{service="$service"}'
DURATION = "farthing_rollout_duration_seconds"


def first_request(q: float) -> str:
    return f"histogram_quantile({q}, sum by (le) (increase(farthing_time_to_first_request_seconds_bucket{OF_SERVICE}[1h])))"


def rollout() -> Dashboard:
    rows = [
        ("Now", _rollout_now()),
        ("Old and new side by side", _rollout_versions()),
        ("Pods", _rollout_pods()),
        ("Phases", _rollout_phases()),
    ]
    return page(
        "rollout",
        "Farthing: rollout",
        "One service while it changes: versions side by side, phases, requests lost.",
        [service_variable()],
        rows,
    )


def _rollout_now() -> list[Builder[Panel]]:
    return [
        number("Going on", f"sum(farthing_rollouts_in_progress{OF_SERVICE})", "Rollouts of this service."),
        number(
            "Versions serving", f"count(count by (version) (rate({COUNT}{{{OWN}}}[1m]) > 0)) or vector(0)", "Two while a rollout goes on."
        ),
        number(
            "Requests lost",
            f"sum(increase(farthing_requests_failed_during_rollout_total{OF_SERVICE}[1h]))",
            "In the rollouts of an hour. Must read 0.",
            bad_above=1,
        ),
        number(
            "Last rollouts",
            f"sum(increase({DURATION}_sum{OF_SERVICE}[1h])) / sum(increase({DURATION}_count{OF_SERVICE}[1h]))",
            "Mean of an hour's: too few for a quantile of buckets.",
            unit="s",
        ),
        number("First request", first_request(0.5), "From a pod's being made to its first request.", unit="s"),
        number(
            "Not of the newest version",
            f"sum(kube_deployment_spec_replicas{OF_SERVICE}) - sum(kube_deployment_status_replicas_updated{OF_SERVICE})",
            "Pods still to be replaced.",
        ),
    ]


def _rollout_versions() -> list[Builder[Panel]]:
    return [
        graph(
            "Requests by version",
            "The old one's share goes to the new one.",
            Line(f"sum by (version) (rate({COUNT}{{{OWN}}}[{RATE}]))", "{{version}}"),
            unit="reqps",
            stacked=True,
        ),
        graph("Failures by version", "5xx of all answers.", Line(share_of_failures("version", OWN), "{{version}}"), unit="percentunit"),
        graph(
            "Duration by version",
            "p50 and p99.",
            Line(quantile(0.5, "version", OWN), "{{version}} p50"),
            Line(quantile(0.99, "version", OWN), "{{version}} p99"),
            unit="s",
        ),
    ]


def _rollout_pods() -> list[Builder[Panel]]:
    return [
        graph(
            "Pods by version",
            "That answer.",
            Line('sum by (version) (up{job="farthing", service="$service"})', "{{version}}"),
            stacked=True,
        ),
        graph(
            "Replicas",
            "Wanted, ready, of the newest version.",
            Line(f"sum(kube_deployment_spec_replicas{OF_SERVICE})", "wanted"),
            Line(f"sum(kube_deployment_status_replicas_ready{OF_SERVICE})", "ready"),
            Line(f"sum(kube_deployment_status_replicas_updated{OF_SERVICE})", "newest"),
        ),
        graph(
            "Rollouts and requests lost",
            "In five minutes.",
            Line(f"sum by (outcome) (increase(farthing_rollout_duration_seconds_count{OF_SERVICE}[5m]))", "{{outcome}}"),
            Line(f"sum(increase(farthing_requests_failed_during_rollout_total{OF_SERVICE}[5m]))", "requests lost"),
        ),
    ]


def _rollout_phases() -> list[Builder[Panel]]:
    search = Search(service="observer", tags={"farthing.service": "$service"})
    return [
        traces(
            "Phases",
            "One trace for each change: scheduled, image, started, ready, first request. Open one to see where the time went.",
            search,
        )
    ]


def scaling() -> Dashboard:
    rows = [("Replicas", _scaling_replicas()), ("What they serve", _scaling_load()), ("What they use", _scaling_used())]
    return page(
        "scaling",
        "Farthing: scaling",
        "One service grows and shrinks: replicas, load, CPU, time to the first request.",
        [service_variable()],
        rows,
    )


def _scaling_replicas() -> list[Builder[Panel]]:
    return [
        graph(
            "Replicas",
            "Wanted by the Deployment and the autoscaler, ready, and how far it may go.",
            Line(f"sum(kube_deployment_spec_replicas{OF_SERVICE})", "wanted"),
            Line(f"sum(kube_deployment_status_replicas_ready{OF_SERVICE})", "ready"),
            Line(f"max(kube_horizontalpodautoscaler_status_desired_replicas{OF_SERVICE})", "autoscaler wants"),
            Line(f"max(kube_horizontalpodautoscaler_spec_max_replicas{OF_SERVICE})", "at most"),
            span=HALF,
        ),
        graph(
            "Time to the first request",
            "From a pod's being made, pods of an hour.",
            Line(first_request(0.5), "p50"),
            Line(first_request(0.99), "p99"),
            unit="s",
            span=HALF,
        ),
    ]


def _scaling_load() -> list[Builder[Panel]]:
    return [
        graph("Requests", "Per second.", Line(f"sum(rate({COUNT}{{{OWN}}}[{RATE}]))", "all"), unit="reqps"),
        graph(
            "Requests by pod",
            "New pods get their share.",
            Line(f"sum by (pod) (rate({COUNT}{{{OWN}}}[{RATE}]))", "{{pod}}"),
            unit="reqps",
            stacked=True,
        ),
        graph(
            "Duration",
            "Falls again when the new pods serve.",
            Line(quantile(0.5, "", OWN), "p50"),
            Line(quantile(0.99, "", OWN), "p99"),
            unit="s",
        ),
    ]


def _scaling_used() -> list[Builder[Panel]]:
    return [
        graph(
            "CPU by pod",
            "Cores, of the container.",
            Line(f'sum by (pod) (rate(container_cpu_usage_seconds_total{{service="$service", container!=""}}[{RATE}]))', "{{pod}}"),
            stacked=True,
        ),
        graph(
            "Throttled",
            "Periods per second in which a pod had used up its CPU.",
            Line(f'sum by (pod) (rate(container_cpu_cfs_throttled_periods_total{{service="$service", container!=""}}[{RATE}]))', "{{pod}}"),
            unit="ops",
        ),
        graph(
            "Memory by pod",
            "Working set of the container.",
            Line('sum by (pod) (container_memory_working_set_bytes{service="$service", container!=""})', "{{pod}}"),
            unit="bytes",
        ),
        graph(
            "CPU per request",
            "Seconds of CPU of all its pods, per request.",
            Line(
                f'sum(rate(container_cpu_usage_seconds_total{{service="$service", container!=""}}[{RATE}]))'
                f" / sum(rate({COUNT}{{{OWN}}}[{RATE}]))",
                "CPU",
            ),
            unit="s",
        ),
        graph(
            "Connections to the database",
            "Each pod has its own.",
            Line('sum by (state) (db_client_connection_count{service="$service"})', "{{state}}"),
            stacked=True,
        ),
        graph(
            "Restarts",
            "By cause, in five minutes.",
            Line(f"sum by (cause) (increase(farthing_pod_restarts_total{OF_SERVICE}[5m]))", "{{cause}}"),
        ),
    ]
