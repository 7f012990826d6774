"""Money, and one checkout."""

from __future__ import annotations

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import Dashboard, Panel

from tools.dashboards.parts import HALF, RATE, WIDTH, Line, Search, graph, number, one_trace, page, text_variable, traces
from tools.dashboards.traffic import CHECKOUT, quantile

_DELAY = "farthing_webhook_delivery_delay_seconds_bucket"


def money() -> Dashboard:
    rows = [("Now", _money_now()), ("Flow", _money_flow()), ("Books", _money_exact()), ("Told to merchants", _money_told())]
    return page("money", "Farthing: money", "Captures, refunds, holds, webhooks, and books that must balance.", [], rows)


def _money_now() -> list[Builder[Panel]]:
    return [
        number(
            "Imbalance",
            "max(abs(farthing_ledger_imbalance_minor_units))",
            "Of the currency that is worst off, in minor units. Must read 0; nothing after a look that failed.",
            bad_above=1,
        ),
        number("Captures of an hour", "sum(increase(farthing_captures_total[1h]))", "That moved money."),
        number("Refunds of an hour", "sum(increase(farthing_refunds_total[1h]))", "That moved money."),
        number("Holds open", "sum(max by (currency) (farthing_holds_open))", "Authorized and neither captured nor released."),
        number(
            "Webhooks given up",
            'sum(increase(farthing_webhook_deliveries_total{outcome="given_up"}[1h]))',
            "Their last attempt failed, in an hour.",
            bad_above=1,
        ),
        number("Events refused", "sum(increase(farthing_dead_letters_total[1d]))", "Dead letters of any service, in a day.", bad_above=0.5),
    ]


def _money_flow() -> list[Builder[Panel]]:
    return [
        graph(
            "Captures",
            "Per second, by currency.",
            Line(f"sum by (currency) (rate(farthing_captures_total[{RATE}]))", "{{currency}}"),
            unit="ops",
        ),
        graph(
            "Captured",
            "Minor units per second.",
            Line(f"sum by (currency) (rate(farthing_captured_minor_units_total[{RATE}]))", "{{currency}}"),
        ),
        graph(
            "Average capture",
            "Minor units.",
            Line(
                f"sum by (currency) (rate(farthing_captured_minor_units_total[{RATE}]))"
                f" / sum by (currency) (rate(farthing_captures_total[{RATE}]))",
                "{{currency}}",
            ),
        ),
        graph(
            "Refunds",
            "Per second, by currency.",
            Line(f"sum by (currency) (rate(farthing_refunds_total[{RATE}]))", "{{currency}}"),
            unit="ops",
        ),
        graph(
            "Refunded",
            "Minor units per second.",
            Line(f"sum by (currency) (rate(farthing_refunded_minor_units_total[{RATE}]))", "{{currency}}"),
        ),
        graph(
            "Holds by currency",
            "Authorized and neither captured nor released.",
            Line("max by (currency) (farthing_holds_open)", "{{currency}}"),
        ),
    ]


def _money_exact() -> list[Builder[Panel]]:
    return [
        graph(
            "Imbalance of the books",
            "Sum of all balances of a currency: a line that leaves 0 is an incident.",
            Line(
                "max by (currency) (farthing_ledger_imbalance_minor_units)",
                "{{currency}}",
            ),
            span=WIDTH,
            signed=True,
        )
    ]


def _money_told() -> list[Builder[Panel]]:
    return [
        graph(
            "Webhook delay",
            "From the event to the end of the first attempt.",
            Line(f"histogram_quantile(0.5, sum by (le) (rate({_DELAY}[{RATE}])))", "p50"),
            Line(f"histogram_quantile(0.99, sum by (le) (rate({_DELAY}[{RATE}])))", "p99"),
            unit="s",
        ),
        graph(
            "Webhooks",
            "Attempts per second, by outcome.",
            Line(f"sum by (outcome) (rate(farthing_webhook_deliveries_total[{RATE}]))", "{{outcome}}"),
            unit="ops",
        ),
        graph("On their way", "Attempts that run now.", Line("sum(farthing_webhook_deliveries_on_their_way)", "attempts")),
    ]


def checkout() -> Dashboard:
    rows = [("Find it", _checkout_found()), ("Follow it", _checkout_shown()), ("What is usual", _checkout_usual())]
    variables = [text_variable("debug_id", "Paypal-Debug-Id"), text_variable("order_id", "Order id"), text_variable("trace_id", "Trace id")]
    return page(
        "checkout",
        "Farthing: one checkout",
        "From the debug id of an answer to the trace, and to everything about the same order.",
        variables,
        rows,
    )


def _checkout_found() -> list[Builder[Panel]]:
    by_debug_id = [
        Search(ref_id=ref, service=service, tags={"farthing.debug_id": "$debug_id"}) for ref, service in zip("ABC", _EDGES, strict=True)
    ]
    by_order = [
        Search(ref_id=ref, service=service, tags={"farthing.order_id": "$order_id"}) for ref, service in zip("ABC", _EDGES, strict=True)
    ]
    return [
        traces(
            "By debug id",
            "The request whose answer had this Paypal-Debug-Id; its attribute farthing.order_id names the order.",
            *by_debug_id,
            span=HALF,
        ),
        traces(
            "By order",
            "All requests about this order: together they are its checkout. Put a trace id above to see it below.",
            *by_order,
            span=HALF,
        ),
    ]


def _checkout_shown() -> list[Builder[Panel]]:
    return [one_trace("Trace", "Every service, statement and event hop of one request, to the merchant's webhook.", "$trace_id")]


def _checkout_usual() -> list[Builder[Panel]]:
    return [
        graph(
            "A checkout's calls",
            "What is usual just now, to compare with.",
            Line(quantile(0.5, "operation", f'operation=~"{CHECKOUT}"'), "{{operation}} p50"),
            Line(quantile(0.99, "operation", f'operation=~"{CHECKOUT}"'), "{{operation}} p99"),
            unit="s",
            span=HALF,
        ),
        graph(
            "Webhook delay",
            "From the event to the end of the first attempt.",
            Line(f"histogram_quantile(0.99, sum by (le) (rate({_DELAY}[{RATE}])))", "p99"),
            unit="s",
            span=HALF,
        ),
    ]


_EDGES = ("orders", "payments", "checkout")  # where a request of a checkout may begin; console's end in orders
