"""A quarter of an hour of a platform, as Prometheus would have stored it: orders changes its version, payments fails now and then."""

from __future__ import annotations

from typing import Final

_REQUESTS: Final = "http_server_request_duration_seconds"
_OLD: Final = 'job="farthing",service="orders",version="1",pod="orders-1"'
_NEW: Final = 'job="farthing",service="orders",version="2",pod="orders-2"'
_PAYMENTS: Final = 'job="farthing",service="payments",version="1",pod="payments-1"'
_LEDGER: Final = 'service="ledger",currency="USD"'
_CONTAINER: Final = 'service="orders",pod="orders-1",container="orders"'

# By series: its first value and what each scrape adds to it. Counters grow by 15 in a scrape of 15 s: one a second.
SERIES: Final[dict[str, tuple[int, int]]] = {
    f'{_REQUESTS}_count{{{_OLD},operation="orders.create",status="201"}}': (0, 15),
    f'{_REQUESTS}_count{{{_NEW},operation="orders.create",status="503"}}': (0, 5),
    f'{_REQUESTS}_bucket{{{_OLD},operation="orders.create",status="201",le="1.0"}}': (0, 15),
    f'{_REQUESTS}_bucket{{{_OLD},operation="orders.create",status="201",le="+Inf"}}': (0, 15),
    f'{_REQUESTS}_count{{{_PAYMENTS},operation="payments.pay",status="200"}}': (0, 15),
    f'{_REQUESTS}_count{{{_PAYMENTS},operation="payments.pay",status="500"}}': (0, 5),
    f'{_REQUESTS}_bucket{{{_PAYMENTS},operation="payments.pay",status="200",le="1.0"}}': (0, 15),
    f'{_REQUESTS}_bucket{{{_PAYMENTS},operation="payments.pay",status="200",le="+Inf"}}': (0, 15),
    f"up{{{_OLD}}}": (1, 0),
    f"up{{{_NEW}}}": (1, 0),
    'farthing_dependency_info{service="orders",callee="payments",pod="orders-1"}': (1, 0),
    'farthing_dependency_info{service="orders",callee="payments",pod="orders-2"}': (1, 0),
    'farthing_dependency_info{service="payments",callee="ledger",pod="payments-1"}': (1, 0),
    'farthing_captures_total{service="payments",currency="USD",pod="payments-1"}': (0, 15),
    'farthing_captured_minor_units_total{service="payments",currency="USD",pod="payments-1"}': (0, 1500),
    'farthing_refunds_total{service="payments",currency="USD",pod="payments-1"}': (0, 15),
    'farthing_refunded_minor_units_total{service="payments",currency="USD",pod="payments-1"}': (0, 1500),
    f'farthing_holds_open{{{_LEDGER},pod="ledger-1"}}': (3, 0),
    f'farthing_holds_open{{{_LEDGER},pod="ledger-2"}}': (3, 0),
    f'farthing_ledger_imbalance_minor_units{{{_LEDGER},pod="ledger-1"}}': (-2, 0),
    'farthing_outbox_oldest_age_seconds{service="orders",pod="orders-1"}': (4, 0),
    'db_client_connection_count{service="orders",state="idle",pod="orders-1"}': (2, 0),
    'farthing_jobs_total{service="orders",task="forget",outcome="done",pod="orders-1"}': (0, 15),
    'farthing_dead_letters_total{service="orders",pod="orders-1"}': (7, 1),
    'farthing_webhook_delivery_delay_seconds_bucket{service="webhooks",le="1.0"}': (0, 15),
    'farthing_webhook_delivery_delay_seconds_bucket{service="webhooks",le="+Inf"}': (0, 15),
    'farthing_webhook_deliveries_total{service="webhooks",outcome="delivered"}': (0, 15),
    'farthing_webhook_deliveries_total{service="webhooks",outcome="given_up"}': (0, 0),
    'farthing_webhook_deliveries_on_their_way{service="webhooks"}': (1, 0),
    'process_cpu_seconds_total{service="orders",pod="orders-1"}': (0, 3),
    'process_resident_memory_bytes{service="orders",pod="orders-1"}': (50_000_000, 0),
    'farthing_rollouts_in_progress{service="orders"}': (1, 0),
    'farthing_rollout_duration_seconds_count{service="orders",outcome="complete"}': (0, 1),
    'farthing_rollout_duration_seconds_sum{service="orders",outcome="complete"}': (0, 24),
    'farthing_time_to_first_request_seconds_bucket{service="orders",le="5.0"}': (0, 1),
    'farthing_time_to_first_request_seconds_bucket{service="orders",le="+Inf"}': (0, 1),
    'farthing_pod_restarts_total{service="orders",cause="OOMKilled"}': (0, 1),
    'farthing_requests_failed_during_rollout_total{service="orders"}': (0, 0),
    'kube_deployment_spec_replicas{service="orders",deployment="farthing-orders"}': (3, 0),
    'kube_deployment_status_replicas_ready{service="orders",deployment="farthing-orders"}': (2, 0),
    'kube_deployment_status_replicas_updated{service="orders",deployment="farthing-orders"}': (1, 0),
    'kube_horizontalpodautoscaler_status_desired_replicas{service="orders"}': (3, 0),
    'kube_horizontalpodautoscaler_spec_max_replicas{service="orders"}': (5, 0),
    f"container_cpu_usage_seconds_total{{{_CONTAINER}}}": (0, 3),
    f"container_cpu_cfs_throttled_periods_total{{{_CONTAINER}}}": (0, 15),
    f"container_memory_working_set_bytes{{{_CONTAINER}}}": (60_000_000, 0),
    'slo:error_budget_left:ratio3d{slo="checkout-availability"}': (1, 0),
}
# What some panels must read then: by dashboard and panel, the value of the only series (or of the first query).
EXPECTED: Final[dict[tuple[str, str], float]] = {
    ("platform", "Books"): 2,
    ("platform", "Pods answering"): 2,
    ("platform", "Pods silent"): 0,
    ("platform", "Events refused"): 60.5,  # half a scrape is extrapolated; the seven of before do not count
    ("service", "Failures of what it calls"): 0.25,
    ("rollout", "Versions serving"): 2,
    ("rollout", "Requests lost"): 0,
    ("rollout", "Not of the newest version"): 2,
    ("rollout", "Last rollouts"): 24,
    ("scaling", "CPU per request"): 0.15,
    ("money", "Events refused"): 60.5,
    ("money", "Imbalance"): 2,
    ("money", "Imbalance of the books"): -2,
    ("money", "Holds open"): 3,
    ("money", "Average capture"): 100,
}
