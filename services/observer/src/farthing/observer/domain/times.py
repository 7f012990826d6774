"""Moments as the cluster gives them: whole seconds, made finer by when they were seen."""

from __future__ import annotations

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
        self._found: dict[datetime, datetime] = {}

    def add(self, at: datetime | None, seen: datetime | None = None) -> None:
        if at is None:
            return
        second = whole(at)
        finer = [one for one in (at, seen, self._found.get(second)) if one is not None and second < one < second + SECOND]
        self._found[second] = min(finer, default=second)

    def first(self, since: datetime | None = None) -> datetime | None:
        """The earliest, or the earliest that is not before the second of `since`."""
        return min((at for second, at in self._found.items() if since is None or second >= whole(since)), default=None)

    def __contains__(self, at: object) -> bool:
        return isinstance(at, datetime) and whole(at) in self._found

    def __bool__(self) -> bool:
        return bool(self._found)
