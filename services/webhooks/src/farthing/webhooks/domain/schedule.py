"""When a failed delivery is tried again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Status(StrEnum):
    """Of a delivery, in the words of the wire."""

    PENDING = "PENDING"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"


@dataclass(frozen=True, slots=True)
class Schedule:
    """The pauses between attempts, as data: one attempt more than there are pauses."""

    pauses: tuple[timedelta, ...]

    @classmethod
    def doubling(cls, attempts: int, first: timedelta, longest: timedelta) -> Schedule:
        """Each pause is twice the one before, up to the longest."""
        pauses = []
        pause = first
        for _ in range(attempts - 1):
            pauses.append(min(pause, longest))
            pause = min(pause * 2, longest)
        return cls(tuple(pauses))

    @property
    def attempts(self) -> int:
        return len(self.pauses) + 1

    def pause_after(self, attempt: int) -> timedelta | None:
        """How long to wait after this failed attempt (the first is 1); None: it was the last."""
        return self.pauses[attempt - 1] if attempt <= len(self.pauses) else None
