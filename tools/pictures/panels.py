"""The panels of a dashboard, as far as a picture needs them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_FOLDER: Final = Path(__file__).resolve().parents[2] / "observability" / "dashboards"
NAMES: Final = sorted(path.stem for path in _FOLDER.glob("*.json"))
_RATE: Final = "1m"  # what Grafana makes of $__rate_interval for a scrape each 5 s and a short time


@dataclass(frozen=True, slots=True)
class Place:
    """In Grafana's grid of 24 columns."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Panel:
    """`kind`: row, stat or timeseries. `queries`: expression and legend of each."""

    kind: str
    title: str
    place: Place
    unit: str
    stacked: bool
    queries: tuple[tuple[str, str], ...]


def panels_of(dashboard: str, service: str) -> list[Panel]:
    """Those that Prometheus can fill, from the top; a list of traces is left out."""
    raw = json.loads((_FOLDER / f"{dashboard}.json").read_text("utf-8"))["panels"]
    found = [_panel(one, service) for one in raw if one["type"] in {"row", "stat", "timeseries"}]
    return [one for number, one in enumerate(found) if one.kind != "row" or (found[number + 1 :] and found[number + 1].kind != "row")]


def _panel(raw: dict[str, Any], service: str) -> Panel:
    at, defaults = raw["gridPos"], raw.get("fieldConfig", {}).get("defaults", {})
    queries = [(_filled(one["expr"], service), one.get("legendFormat", "")) for one in raw.get("targets", [])]
    place = Place(at["x"], at["y"], at["w"], at["h"])
    stacked = defaults.get("custom", {}).get("fillOpacity", 0) > 10
    return Panel(raw["type"], raw["title"], place, defaults.get("unit", "short"), stacked, tuple(queries))


def _filled(expression: str, service: str) -> str:
    return expression.replace("$__rate_interval", _RATE).replace("$service", service)
