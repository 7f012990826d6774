"""The events of a change, as a statement takes them: four arrays, the trace, and the moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from farthing.kit.events import current_trace


class NewEvent(NamedTuple):
    """One event to write with a change; `data` is JSON text."""

    id: str
    type: str
    subject: str
    data: str


def event_values(events: Sequence[NewEvent], at: datetime) -> tuple[object, ...]:
    """Six parameters of a statement that writes these events."""
    columns = tuple(list(column) for column in zip(*events, strict=True)) if events else ([], [], [], [])
    return (*columns, current_trace(), at)
