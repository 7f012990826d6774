"""Writes docs/telemetry.md from observability/schema: `python tools/telemetry.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = ROOT / "observability" / "schema" / "telemetry.yaml"
PAGE = ROOT / "docs" / "telemetry.md"
_HEAD = """# Telemetry

What the platform emits: metrics (`/metrics` of every process; the one process has a port for it, `FARTHING_METRICS_PORT`), spans
(OTLP), events between services, log lines. Made from `observability/schema/telemetry.yaml` by `python tools/telemetry.py`; tests
fail when anything else is emitted, or one of these is not.
Nothing here ever holds a name, an address, a secret or a card number; a payer appears as the id of an account.
"""
_METRICS = """
## Metrics

Made by *platform* (the services), *observer*, *kubernetes* (kube-state-metrics and kubelets), or *rules* (Prometheus itself).
Prometheus adds `pod`, `node` and `namespace`, and takes `version` from the pod.

| metric | kind | unit | labels | by | meaning |
|---|---|---|---|---|---|
"""
_ATTRIBUTES = """
## Spans

A span is of a request (*server*), a *call* of another service, a *statement* in PostgreSQL, one hop of an *event* (send, receive,
process), the *delivery* of a webhook, or a *change* on the cluster that observer saw. Sampled are a share of the requests
(`FARTHING_TRACE_RATIO`) and, in sandbox mode, those with `Farthing-Trace: 1`; of every request that fails with 5xx or meets a planted
fault there are at least the server spans. `Paypal-Debug-Id` of an answer is the beginning of its trace id. All traces with one
`farthing.order_id` together are one checkout.

| attribute | spans | type | meaning |
|---|---|---|---|
"""
_EVENTS = """
## Events

| type | by | meaning |
|---|---|---|
"""
_LOGS = """
## Log lines

JSON with `time`, `level`, `event`, `service`, `version`; within a request also `trace_id` and `debug_id`; of an exception `error`
(its class) and `at` (files and lines, the innermost last), never its text.

| event | level | fields | meaning |
|---|---|---|---|
"""


def schema() -> dict[str, dict[str, dict[str, Any]]]:
    """The parts `metrics`, `events`, `logs` and `attributes`, each by name."""
    found: dict[str, dict[str, dict[str, Any]]] = yaml.safe_load(SCHEMA.read_text())
    return found


def page(found: dict[str, dict[str, dict[str, Any]]]) -> str:
    parts = [_HEAD, _METRICS]
    parts += [_row(name, m["kind"], m["unit"], _words(m["labels"]), m["by"], m["meaning"]) for name, m in found["metrics"].items()]
    parts += [_ATTRIBUTES]
    parts += [_row(name, ", ".join(a["spans"]), a["type"], a["meaning"]) for name, a in found["attributes"].items()]
    parts += [_EVENTS]
    parts += [_row(name, event["by"], event["meaning"]) for name, event in found["events"].items()]
    parts += [_LOGS]
    parts += [_row(name, log["level"], _words(log["fields"]), log["meaning"]) for name, log in found["logs"].items()]
    return "".join(parts)


def _row(name: str, *cells: str) -> str:
    return f"| `{name}` | " + " | ".join(cells) + " |\n"


def _words(names: list[str]) -> str:
    return ", ".join(f"`{name}`" if name.replace("_", "").isalpha() else name for name in names)


if __name__ == "__main__":
    PAGE.write_text(page(schema()))
