"""Numbers as Grafana's units say them."""

from __future__ import annotations

import math
from typing import Final

_SMALL: Final = ((1e-3, 1e6, "µs"), (1.0, 1e3, "ms"), (math.inf, 1.0, "s"))


def value(number: float, unit: str) -> str:
    """With its unit, in at most four digits."""
    if math.isnan(number):
        return "-"
    match unit:
        case "s":
            factor, name = next((factor, name) for below, factor, name in _SMALL if abs(number) < below)
            return f"{number * factor:.3g} {name}" if number else "0 s"
        case "percentunit":
            return f"{number * 100:.4g} %"
        case "bytes":
            return f"{number / 2**20:.4g} MiB"
        case "reqps" | "ops":
            return f"{number:.3g}/s"
        case _:
            return f"{number:,.4g}" if abs(number) < 1e4 else f"{number:,.0f}"
