"""Every query of the dashboards, as Grafana would send it: for the tests here, and for those that ask a cluster's Prometheus and Jaeger."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "observability" / "dashboards"
# What Grafana puts in place of a dashboard's variables.
VALUES = {"__rate_interval": "1m", "service": "orders", "debug_id": "0123456789abc", "order_id": "5O190127TN364715T", "trace_id": "ab" * 16}


@dataclass(frozen=True)
class Query:
    """One query of a panel: `text` is PromQL for `prometheus`; for `jaeger` a trace's id, or empty with `service` and `tags`."""

    dashboard: str
    panel: str
    source: str
    text: str
    service: str = ""
    tags: str = ""

    def __str__(self) -> str:
        return f"{self.dashboard}: {self.panel}: {self.text or self.tags}"


def dashboards() -> dict[str, dict[str, Any]]:
    return {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}


def panels(dashboard: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All that show something: rows do not."""
    for panel in dashboard["panels"]:
        yield from (one for one in [panel, *panel.get("panels", [])] if one["type"] != "row")


def queries(values: dict[str, str] | None = None) -> Iterator[Query]:
    """All of them, with `values` (beside VALUES) for the variables."""
    given = VALUES | (values or {})
    for name, dashboard in dashboards().items():
        for panel in panels(dashboard):
            for target in panel.get("targets", []):
                source = target["datasource"]["uid"]
                texts = (_filled(target.get(key, ""), given) for key in ("expr" if source == "prometheus" else "query", "service", "tags"))
                yield Query(name, panel["title"], source, *texts)


def _filled(text: str, values: dict[str, str]) -> str:
    for name in sorted(values, key=len, reverse=True):
        text = text.replace(f"${{{name}}}", values[name]).replace(f"${name}", values[name])
    return text
