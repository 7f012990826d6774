"""Durations of ISO 8601 with a fixed length: weeks, or days, hours, minutes and seconds."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

_DURATION: Final = re.compile(
    r"P(?:(?P<weeks>\d{1,6})W"
    r"|(?:(?P<days>\d{1,7})D)?(?P<time>T(?:(?P<hours>\d{1,9})H)?(?:(?P<minutes>\d{1,9})M)?(?:(?P<seconds>\d{1,9})(?:[.,](?P<parts>\d{1,6}))?S)?)?)",
    re.ASCII,
)
_CALENDAR: Final = re.compile(r"P[^T]*[YM]")


class NotADuration(ValueError):
    """The text is no ISO 8601 duration, or one whose length depends on the calendar."""


def parse_duration(text: str) -> timedelta:
    """Read `P29D`, `PT1H30M`, `P2W`, `PT0.5S`. Raises NotADuration."""
    found = _DURATION.fullmatch(text)
    if found is None:
        if _CALENDAR.match(text):
            raise NotADuration("Years and months have no fixed length: use days, for example P30D.")
        raise NotADuration("Not an ISO 8601 duration such as P29D or PT1H30M.")
    given = {name: value for name, value in found.groupdict().items() if name != "parts" and value}
    if not given or given.get("time") == "T":
        raise NotADuration("The duration names no time at all; PT0S is none.")
    units = {name: int(value) for name, value in given.items() if name != "time"}
    return timedelta(**units, microseconds=int((found["parts"] or "0").ljust(6, "0")))
