"""The clock that every business deadline goes through. In sandbox mode it can be frozen and moved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """Real time plus an offset, or a frozen moment. Always UTC.

    Token lifetimes, HTTP time-outs and sessions do not use it: SDKs cache by real time.
    """

    def __init__(self) -> None:
        self._offset = timedelta()
        self._frozen: datetime | None = None

    @property
    def frozen(self) -> bool:
        return self._frozen is not None

    @property
    def offset(self) -> timedelta:
        return self._offset

    def now(self) -> datetime:
        return self._frozen or real_now() + self._offset

    def set(self, *, offset: timedelta, frozen: datetime | None) -> None:
        """Take over the state that the console published."""
        self._offset, self._frozen = offset, frozen

    def freeze(self) -> None:
        self._frozen = self.now()

    def unfreeze(self) -> None:
        """Let time run on from where it stands: it never jumps back."""
        if self._frozen is not None:
            self._offset, self._frozen = self._frozen - real_now(), None

    def move_to(self, moment: datetime) -> None:
        """Set the clock forward; a frozen clock stays frozen. Raises ValueError when `moment` is in its past."""
        now = self.now()
        if moment < now:
            message = f"the clock never goes back (now {wire_time(now)})"
            raise ValueError(message)
        if self._frozen is not None:
            self._frozen = moment
        else:
            self._offset += moment - now

    def restart(self) -> None:
        """Back to real time: only reset and restore do this."""
        self._offset, self._frozen = timedelta(), None


def real_now() -> datetime:
    return datetime.now(UTC)


def wire_time(moment: datetime) -> str:
    """RFC 3339 with seconds and Z, as the public API writes times."""
    return f"{moment.astimezone(UTC).isoformat()[:19]}Z"
