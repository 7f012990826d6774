"""Platform and Service: is it healthy, and if not, where."""

from __future__ import annotations

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import Dashboard, Panel

from tools.dashboards.parts import HALF, QUARTER, RATE, THIRD, Line, graph, number, page, service_variable

COUNT, BUCKET = "http_server_request_duration_seconds_count", "http_server_request_duration_seconds_bucket"
# What the store and the payer wait for; the same calls as in the SLO of checkout.
CHECKOUT = r"orders\\.(create|capture|authorize|approve)|checkout\\..+|oauth2\\.token"
PROBES = 'operation!~"live|ready|metrics"'


def quantile(q: float, by: str, where: str) -> str:
    return f"histogram_quantile({q}, sum by (le{', ' if by else ''}{by}) (rate({BUCKET}{{{where}}}[{RATE}])))"


def share_of_failures(by: str, where: str) -> str:
    """Answers with 5xx of all; a zero where nothing failed."""
    all_of = f"sum by ({by}) (rate({COUNT}{{{where}}}[{RATE}]))"
    return f'(sum by ({by}) (rate({COUNT}{{{where}, status=~"5.."}}[{RATE}])) or 0 * {all_of}) / {all_of}'


def platform() -> Dashboard:
    rows = [
        ("Healthy?", _platform_healthy()),
        ("Money", _platform_money()),
        ("Requests", _platform_requests()),
        ("Behind the requests", _platform_behind()),
    ]
    return page("platform", "Farthing: platform", "Is it healthy, does money flow, what is left of the error budget?", [], rows)


def _platform_healthy() -> list[Builder[Panel]]:
    failing = f'sum(rate({COUNT}{{{PROBES}, status=~"5.."}}[5m])) or vector(0)'
    return [
        number("Pods answering", 'sum(up{job="farthing"})', "Pods of the platform that Prometheus can ask.", bad_below=1),
        number("Pods silent", 'count(up{job="farthing"} == 0) or vector(0)', "Pods that it cannot ask.", bad_above=1),
        number("Failures per second", failing, "Requests answered with 5xx, public and internal.", unit="reqps", bad_above=0.1),
        number(
            "Error budget left", "min(slo:error_budget_left:ratio3d)", "Of the SLO that is worst off.", unit="percentunit", bad_below=0.25
        ),
        number("Books", "max(abs(farthing_ledger_imbalance_minor_units))", "Must read 0; nothing after a look that failed.", bad_above=1),
        number("Oldest event", "max(farthing_outbox_oldest_age_seconds)", "Waiting in an outbox.", unit="s", bad_above=30),
    ]


def _platform_money() -> list[Builder[Panel]]:
    return [
        graph(
            "Captured per second",
            "Minor units of each currency.",
            Line(f"sum by (currency) (rate(farthing_captured_minor_units_total[{RATE}]))", "{{currency}}"),
        ),
        graph(
            "Payments per second",
            "Captures and refunds that moved money.",
            Line(f"sum(rate(farthing_captures_total[{RATE}]))", "captures"),
            Line(f"sum(rate(farthing_refunds_total[{RATE}]))", "refunds"),
            unit="ops",
        ),
        graph(
            "Error budget by promise",
            "1: all of it, 0: none, below: the promise is broken.",
            Line("slo:error_budget_left:ratio3d", "{{slo}}"),
            unit="percentunit",
        ),
    ]


def _platform_requests() -> list[Builder[Panel]]:
    return [
        graph(
            "Requests per second",
            "By service, public and internal, without probes.",
            Line(f"sum by (service) (rate({COUNT}{{{PROBES}}}[{RATE}]))", "{{service}}"),
            unit="reqps",
            stacked=True,
        ),
        graph("Share of failures", "5xx of all answers.", Line(share_of_failures("service", PROBES), "{{service}}"), unit="percentunit"),
        graph(
            "Time to answer a checkout's calls",
            "What store and payer wait for.",
            Line(quantile(0.5, "", f'operation=~"{CHECKOUT}"'), "p50"),
            Line(quantile(0.99, "", f'operation=~"{CHECKOUT}"'), "p99"),
            unit="s",
        ),
    ]


def _platform_behind() -> list[Builder[Panel]]:
    return [
        graph(
            "Oldest event in the outbox",
            "Real time; grows while the broker is away.",
            Line("max by (service) (farthing_outbox_oldest_age_seconds)", "{{service}}"),
            unit="s",
        ),
        graph(
            "Webhook delay",
            "From the event to its first attempt.",
            Line(f"histogram_quantile(0.99, sum by (le) (rate(farthing_webhook_delivery_delay_seconds_bucket[{RATE}])))", "p99"),
            unit="s",
        ),
        graph(
            "Events refused",
            "Dead letters, in the hour before.",
            Line("sum by (service) (increase(farthing_dead_letters_total[1h]))", "{{service}}"),
        ),
        graph("Rollouts", "Going on now.", Line("sum by (service) (farthing_rollouts_in_progress)", "{{service}}"), span=HALF),
        graph(
            "Restarts",
            "By cause, in five minutes.",
            Line("sum by (service, cause) (increase(farthing_pod_restarts_total[5m]))", "{{service}} {{cause}}"),
            span=HALF,
        ),
    ]


def service() -> Dashboard:
    rows = [
        ("Rate, errors, duration", _service_red()),
        ("Operations", _service_operations()),
        ("Dependencies", _service_dependencies()),
        ("Inside", _service_inside()),
    ]
    return page(
        "service",
        "Farthing: service",
        "One service by version and pod, what it calls, its database and its events.",
        [service_variable()],
        rows,
    )


def _service_red() -> list[Builder[Panel]]:
    own = f'service="$service", {PROBES}'
    return [
        graph(
            "Requests by version", "Per second.", Line(f"sum by (version) (rate({COUNT}{{{own}}}[{RATE}]))", "{{version}}"), unit="reqps"
        ),
        graph("Failures by version", "5xx of all answers.", Line(share_of_failures("version", own), "{{version}}"), unit="percentunit"),
        graph(
            "Duration by version",
            "Half of the answers, and all but one in a hundred, come within this.",
            Line(quantile(0.5, "version", own), "{{version}} p50"),
            Line(quantile(0.99, "version", own), "{{version}} p99"),
            unit="s",
        ),
        graph(
            "Requests by pod",
            "An uneven share tells of connections that stay.",
            Line(f"sum by (pod) (rate({COUNT}{{{own}}}[{RATE}]))", "{{pod}}"),
            unit="reqps",
        ),
        graph("Failures by pod", "5xx of all answers.", Line(share_of_failures("pod", own), "{{pod}}"), unit="percentunit"),
        graph("Duration by pod", "p99.", Line(quantile(0.99, "pod", own), "{{pod}}"), unit="s"),
    ]


def _service_operations() -> list[Builder[Panel]]:
    own = f'service="$service", {PROBES}'
    return [
        graph(
            "Busiest operations",
            "Ten of them, per second.",
            Line(f"topk(10, sum by (operation) (rate({COUNT}{{{own}}}[{RATE}])))", "{{operation}}"),
            unit="reqps",
        ),
        graph("Slowest operations", "Ten of them, p99.", Line(f"topk(10, {quantile(0.99, 'operation', own)})", "{{operation}}"), unit="s"),
        graph(
            "What went wrong",
            "Answers of 4xx and 5xx per second.",
            Line(f'sum by (operation, status) (rate({COUNT}{{{own}, status=~"[45].."}}[{RATE}]))', "{{operation}} {{status}}"),
            unit="reqps",
        ),
    ]


def _service_dependencies() -> list[Builder[Panel]]:
    called = 'on (callee) group_left () max by (callee) (farthing_dependency_info{service="$service"})'
    renamed = '"callee", "$1", "service", "(.+)"'
    return [
        graph(
            "Failures of what it calls",
            "5xx of all answers of the services that it calls.",
            Line(f"label_replace({share_of_failures('service', PROBES)}, {renamed}) * {called}", "{{callee}}"),
            unit="percentunit",
            span=HALF,
        ),
        graph(
            "Duration of what it calls",
            "p99 of their internal and public answers.",
            Line(f"label_replace({quantile(0.99, 'service', PROBES)}, {renamed}) * {called}", "{{callee}}"),
            unit="s",
            span=HALF,
        ),
    ]


def _service_inside() -> list[Builder[Panel]]:
    return [
        graph(
            "Connections to the database",
            "Used and idle, of all its pods.",
            Line('sum by (state) (db_client_connection_count{service="$service"})', "{{state}}"),
            span=QUARTER,
            stacked=True,
        ),
        graph(
            "Oldest event in the outbox",
            "Real time.",
            Line('max(farthing_outbox_oldest_age_seconds{service="$service"})', "age"),
            unit="s",
            span=QUARTER,
        ),
        graph(
            "Due work",
            "Runs per second, by task and outcome.",
            Line(f'sum by (task, outcome) (rate(farthing_jobs_total{{service="$service"}}[{RATE}]))', "{{task}} {{outcome}}"),
            unit="ops",
            span=QUARTER,
        ),
        graph(
            "CPU by pod",
            "Of the process, in cores.",
            Line(f'sum by (pod) (rate(process_cpu_seconds_total{{service="$service"}}[{RATE}]))', "{{pod}}"),
            span=QUARTER,
        ),
        graph(
            "Memory by pod",
            "Of the process.",
            Line('max by (pod) (process_resident_memory_bytes{service="$service"})', "{{pod}}"),
            unit="bytes",
            span=THIRD,
        ),
        graph(
            "Events refused for good",
            "Dead letters, in the hour before.",
            Line('sum(increase(farthing_dead_letters_total{service="$service"}[1h]))', "dead letters"),
            span=THIRD,
        ),
    ]
