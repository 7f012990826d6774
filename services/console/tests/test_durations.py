"""ISO 8601 durations."""

from __future__ import annotations

import contextlib
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farthing.console.domain.durations import NotADuration, parse_duration


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("P29D", timedelta(days=29)),
        ("P2W", timedelta(weeks=2)),
        ("PT1H30M", timedelta(hours=1, minutes=30)),
        ("P1DT2H3M4S", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("PT36H", timedelta(hours=36)),
        ("PT0.5S", timedelta(milliseconds=500)),
        ("PT0,25S", timedelta(milliseconds=250)),
        ("PT0.000001S", timedelta(microseconds=1)),
        ("PT0S", timedelta()),
        ("P0D", timedelta()),
    ],
)
def test_it_is_read_exactly(text: str, found: timedelta) -> None:
    assert parse_duration(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "P",
        "PT",
        "P1DT",
        "29D",
        "p29d",
        "P-1D",
        "-P1D",
        "P1.5D",
        "P1W2D",
        "PT1S1M",
        "P1D ",
        " P1D",
        "P٣D",
        "PT1",
        "P1H",
        "PT99999999999H",
        "P1D\n",
    ],
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(NotADuration):
        parse_duration(text)


@pytest.mark.parametrize("text", ["P1M", "P1Y", "P1Y2M", "P1M2D", "P1Y2M3DT4H"])
def test_calendar_units_are_refused_and_the_way_out_is_told(text: str) -> None:
    with pytest.raises(NotADuration, match="use days"):
        parse_duration(text)


def test_a_minute_is_not_a_month() -> None:
    assert parse_duration("PT1M") == timedelta(minutes=1)


@given(st.integers(0, 9_999_999), st.integers(0, 999_999_999), st.integers(0, 999_999_999), st.integers(0, 999_999_999))
def test_parts_add_up(days: int, hours: int, minutes: int, seconds: int) -> None:
    found = parse_duration(f"P{days}DT{hours}H{minutes}M{seconds}S")
    assert found == timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


@given(st.text(max_size=12, alphabet="PTWDHMS0123456789.,-+ YW"))
def test_whatever_comes_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(NotADuration):
        assert parse_duration(text) >= timedelta()
