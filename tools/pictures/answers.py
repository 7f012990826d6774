"""What Prometheus answers to a panel's queries over a time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import httpx2

from tools.pictures.panels import Panel

POINTS: Final = 150  # of a line
_LABEL: Final = re.compile(r"{{\s*(\w+)\s*}}")


class Unanswered(Exception):
    """Prometheus could not be asked, or refused; the text is one line."""


@dataclass(frozen=True, slots=True)
class Series:
    """One line: seconds since the epoch, and values."""

    name: str
    times: tuple[float, ...]
    values: tuple[float, ...]


class Prometheus:
    """Asks for the time between `since` and `until`, seconds since the epoch."""

    def __init__(self, url: str, since: float, until: float) -> None:
        self._url, self._since, self._until = url.rstrip("/"), since, until

    def series(self, panel: Panel) -> list[Series]:
        """Raises Unanswered."""
        return [_series(raw, legend) for expression, legend in panel.queries for raw in self._ask(expression)]

    def times(self, condition: str) -> list[tuple[float, float]]:
        """When the condition held: begins and ends. Raises Unanswered."""
        step, found = self._step(), list[tuple[float, float]]()
        for at in sorted(float(at) for raw in self._ask(condition) for at, _ in raw["values"]):
            joined = found and at - found[-1][1] < 1.5 * step
            found[-1:] = [(found[-1][0], at)] if joined else [*found[-1:], (at, at)]
        return found

    def _step(self) -> float:
        return max(1.0, (self._until - self._since) / POINTS)

    def _ask(self, expression: str) -> list[dict[str, Any]]:
        query = {"query": expression, "start": self._since, "end": self._until, "step": self._step()}
        try:
            answer = httpx2.post(f"{self._url}/api/v1/query_range", data=query, timeout=30)
        except httpx2.TransportError as error:
            raise Unanswered(f"no Prometheus at {self._url} ({error}): forward its port, or name it with --prometheus") from None
        if answer.is_error:
            raise Unanswered(f"Prometheus refused `{expression}`: {answer.text[:200]}")
        return list(answer.json()["data"]["result"])


def _series(raw: dict[str, Any], legend: str) -> Series:
    times, values = zip(*((float(at), float(value)) for at, value in raw["values"]), strict=True)
    return Series(_name(raw["metric"], legend), times, values)


def _name(labels: dict[str, str], legend: str) -> str:
    if legend == "__auto":
        return ", ".join(value for name, value in labels.items() if name != "__name__")
    return _LABEL.sub(lambda found: labels.get(found[1], ""), legend).strip()
