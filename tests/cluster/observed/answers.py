"""What Prometheus and Jaeger answer, and when it shows that something happened. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


class Unanswered(Exception):
    """Prometheus or Jaeger refused, or said something else than it was asked for."""


@dataclass(frozen=True, slots=True)
class Series:
    """`points`: moment (seconds since 1970) and value, in order; what is no number is left out."""

    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]

    def until(self, moment: float) -> list[float]:
        return [value for at, value in self.points if at <= moment]

    def since(self, moment: float) -> list[float]:
        return [value for at, value in self.points if at > moment]


@dataclass(frozen=True, slots=True)
class Reads:
    """What a series must have read: always `at_first` until the load began, later at some moment `reaches` or more, and `falls` or less.

    `where`: labels of the series that is meant; without them any may be it.
    """

    reaches: float | None = None
    falls: float | None = None
    at_first: float | None = None
    where: Mapping[str, str] = field(default_factory=dict)

    def lacks(self, found: Iterable[Series], moment: float) -> str:
        """Empty, or what did not happen. `moment`: when the load began."""
        meant = [one for one in found if self.where.items() <= one.labels.items()]
        before = [value for one in meant for value in one.until(moment)]
        after = [value for one in meant for value in one.since(moment)]
        which = f" where {dict(self.where)}" if self.where else ""
        if not after:
            return f"no value{which}"
        if self.at_first is not None and any(value != self.at_first for value in before):
            return f"read {_span(before)} before the load{which}, not {self.at_first:g}"
        if self.reaches is not None and max(after) < self.reaches:
            return f"read {_span(after)}{which}, never {self.reaches:g} or more"
        if self.falls is not None and min(after) > self.falls:
            return f"read {_span(after)}{which}, never {self.falls:g} or less"
        return ""


def changed(found: Iterable[Series], moment: float) -> bool:
    """Whether a series had a value after the moment that lies above or below all those before it, or where there were none."""
    return any(_left(one.until(moment), one.since(moment)) for one in found)


def _left(before: Sequence[float], after: Sequence[float]) -> bool:
    return bool(after) and (not before or max(after) > max(before) or min(after) < min(before))


def _span(values: Sequence[float]) -> str:
    return f"{min(values):g} to {max(values):g}"


def first_time(found: Iterable[Series], value: float) -> float | None:
    """When a series first read `value` or more."""
    return min((at for one in found for at, read in one.points if read >= value), default=None)


def matrix(answer: Any) -> list[Series]:
    """What `query_range` found. Raises Unanswered."""
    return [_series(one["metric"], one["values"]) for one in _result(answer, "matrix")]


def vector(answer: Any) -> list[Series]:
    """What `query` found: one point each. Raises Unanswered."""
    return [_series(one["metric"], [one["value"]]) for one in _result(answer, "vector")]


def _result(answer: Any, kind: str) -> list[Any]:
    if answer.get("status") != "success" or answer["data"].get("resultType") != kind:
        raise Unanswered(str(answer)[:500])
    return list(answer["data"]["result"])


def _series(labels: dict[str, str], values: Iterable[tuple[float, str]]) -> Series:
    """A division by zero is told as NaN or +Inf: a graph shows nothing there."""
    points = ((float(at), float(text)) for at, text in values)
    return Series(labels, tuple((at, value) for at, value in points if math.isfinite(value)))


def firing(answer: Any) -> list[dict[str, str]]:
    """The labels of the alerts that fire, from /api/v1/alerts. Raises Unanswered."""
    if answer.get("status") != "success":
        raise Unanswered(str(answer)[:500])
    return [one["labels"] for one in answer["data"]["alerts"] if one["state"] == "firing"]


@dataclass(frozen=True, slots=True)
class Span:
    """A span as Jaeger tells it; `kind` is server, client, producer, consumer, internal, or empty."""

    trace: str
    id: str
    parent: str
    service: str
    name: str
    kind: str
    facts: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.service} {self.kind} {self.name}"


def spans(answer: Any) -> list[Span]:
    """Those of all traces of an answer of /api/traces. Raises Unanswered."""
    if answer.get("errors"):
        raise Unanswered(str(answer["errors"])[:500])
    return [_span_of(one, trace["processes"][one["processID"]]) for trace in answer["data"] or () for one in trace["spans"]]


def _span_of(one: Any, process: Any) -> Span:
    facts = {tag["key"]: tag["value"] for tag in (*process.get("tags", ()), *one.get("tags", ()))}
    above = (ref for ref in one.get("references", ()) if ref["refType"] == "CHILD_OF" and ref["traceID"] == one["traceID"])
    parent = next((str(ref["spanID"]) for ref in above), "")
    return Span(one["traceID"], one["spanID"], parent, process["serviceName"], one["operationName"], str(facts.get("span.kind", "")), facts)
