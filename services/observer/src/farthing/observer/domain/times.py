"""Moments as the cluster gives them: whole seconds, made finer by when they were seen."""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, datetime, timedelta

SECOND = timedelta(seconds=1)


def moment(text: object) -> datetime | None:
    """A time as the API writes it (RFC 3339, mostly without a fraction); None for anything else."""
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else None


def whole(at: datetime) -> datetime:
    return at.replace(microsecond=0)


class Times:
    """When something happened, each time once.

    Adding is commutative and idempotent: the order in which objects arrive, and how often, makes no difference. The cluster cuts off the
    fraction of a second; an arrival within that very second is closer to the truth than its beginning, and the earliest one is kept.
    """

    __slots__ = ("_found",)

    def __init__(self) -> None:
        self._found: list[datetime] = []  # sorted, one of each second

    def add(self, at: datetime | None, seen: datetime | None = None) -> None:
        if at is None:
            return
        second = whole(at)
        place = bisect_left(self._found, second)
        known = [one for one in self._found[place : place + 1] if whole(one) == second]
        finer = [one for one in (at, seen, *known) if one is not None and second < one < second + SECOND]
        self._found[place : place + len(known)] = [min(finer, default=second)]

    def first(self, since: datetime | None = None) -> datetime | None:
        """The earliest, or the earliest that is not before the second of `since`."""
        place = 0 if since is None else bisect_left(self._found, whole(since))
        return self._found[place] if place < len(self._found) else None

    def last(self) -> datetime | None:
        return self._found[-1] if self._found else None

    def forget(self, before: datetime) -> None:
        """Drop what is earlier, except the very first."""
        del self._found[1 : bisect_left(self._found, whole(before))]

    def __bool__(self) -> bool:
        return bool(self._found)
