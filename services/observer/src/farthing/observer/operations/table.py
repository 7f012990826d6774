"""The last happenings, as an operator reads them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from farthing.kit.model import Model
from farthing.observer.domain.happenings import Happening

KEPT: Final = 200


class Row(Model):
    """`phases`: of each the slowest pod's seconds. `requests_failed` is absent where no pod could be asked, `trace_id` until it is over."""

    kind: str
    service: str
    from_version: str
    to_version: str
    began: datetime
    ended: datetime | None = None
    outcome: str
    cause: str
    phases: dict[str, float]
    pods: int
    requests_failed: int | None = None
    trace_id: str | None = None


class Rows(Model):
    rollouts: tuple[Row, ...]


def row(happening: Happening, failed: int | None, trace_id: str | None = None) -> Row:
    return Row(
        kind=happening.kind,
        service=happening.service,
        from_version=happening.from_version,
        to_version=happening.to_version,
        began=happening.began,
        ended=happening.ended,
        outcome=happening.outcome or "in progress",
        cause=happening.cause,
        phases={name: round(seconds, 3) for name, seconds in happening.phase_seconds().items()},
        pods=len(happening.pods),
        requests_failed=failed,
        trace_id=trace_id,
    )


class Table:
    """What is over stays as it was told; what goes on is replaced at each look."""

    def __init__(self) -> None:
        self._over: deque[Row] = deque(maxlen=KEPT)
        self._open: list[Row] = []

    def close(self, done: Row) -> None:
        self._over.append(done)

    def going_on(self, rows: Iterable[Row]) -> None:
        self._open = list(rows)

    def last(self, limit: int, service: str | None) -> Rows:
        """Newest first."""
        found = [one for one in (*self._over, *self._open) if service is None or one.service == service]
        found.sort(key=lambda one: one.began, reverse=True)
        return Rows(rollouts=tuple(found[:limit]))
