"""Panels as one picture, where Grafana would put them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from math import isnan
from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib import dates, figure
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from tools.pictures.answers import Series
from tools.pictures.panels import Panel
from tools.pictures.units import value

Shown = Sequence[tuple[Panel, Sequence[Series]]]
_COLUMNS: Final = 24
_WIDE: Final = 16.0  # inches of all columns
_ROW: Final = 0.34  # inches of one row of the grid
_MOST: Final = 8  # names in a legend
_LETTERS: Final = 10  # of a legend in one column of the grid
_STEPS: Final = (1, 2, 5, 10, 15, 30)  # minutes between two marks
_MARKS: Final = 7
_CHANGE: Final = "#e6e6e6"


def draw(shown: Shown, changes: Sequence[tuple[float, float]], file: Path) -> None:
    """Write the picture; the times at which a rollout went on are grey in each graph."""
    mpl.rcParams.update({"font.size": 8, "axes.spines.top": False, "axes.spines.right": False, "svg.hashsalt": "farthing"})
    high = max(panel.place.y + panel.place.height for panel, _ in shown)
    moments = [at for _, series in shown for one in series for at in one.times]
    span = (_time(min(moments)), _time(max(moments))) if moments else None
    page = figure.Figure(figsize=(_WIDE, high * _ROW), facecolor="white")
    for panel, series in shown:
        axes = page.add_axes(_box(panel, high))
        if panel.kind == "timeseries":
            _graph(axes, panel, [one for one in series if not all(map(isnan, one.values))], changes)
            _times(axes, span)
        else:
            _text(axes, panel, series)
    page.savefig(file, dpi=100, metadata={"Date": None} if file.suffix == ".svg" else {"Software": None})


def _box(panel: Panel, high: int) -> tuple[float, float, float, float]:
    """Left, bottom, width, height as shares of the page, with room for what stands beside the axes."""
    at, graph = panel.place, panel.kind == "timeseries"
    left, right, above, below = (1.1, 0.2, 1.2, 2.0) if graph else (0.1, 0.1, 0.1, 0.1)
    bottom = high - at.y - at.height + below
    return (at.x + left) / _COLUMNS, bottom / high, (at.width - left - right) / _COLUMNS, (at.height - above - below) / high


def _text(axes: Axes, panel: Panel, series: Sequence[Series]) -> None:
    axes.set_axis_off()
    if panel.kind == "row":
        axes.text(0, 0.5, panel.title, fontsize=11, fontweight="bold", va="center", transform=axes.transAxes)
        return
    shown = "  ".join(value(one.values[-1], panel.unit) for one in series) or "-"
    axes.text(0.5, 0.85, panel.title, ha="center", va="top", color="0.3", transform=axes.transAxes)
    axes.text(0.5, 0.4, shown, ha="center", va="center", fontsize=max(9, 20 - len(shown) // 2), transform=axes.transAxes)


def _graph(axes: Axes, panel: Panel, series: Sequence[Series], changes: Sequence[tuple[float, float]]) -> None:
    axes.set_title(panel.title, loc="left", fontsize=9)
    for began, ended in changes:
        axes.axvspan(_time(began), _time(ended), color=_CHANGE, zorder=0)
    for one in series:
        times = [_time(at) for at in one.times]
        axes.plot(times, one.values, label=one.name or panel.title, linewidth=1.2)
        if panel.stacked:
            axes.fill_between(times, one.values, alpha=0.2)
    if min((low for one in series for low in one.values), default=0) >= 0:
        axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda number, _: value(number, panel.unit)))
    axes.grid(axis="y", color="0.92")
    _legend(axes, len(series), _LETTERS * panel.place.width)


def _times(axes: Axes, span: tuple[float, float] | None) -> None:
    """The same time in all graphs, marked at whole minutes."""
    if span:
        axes.set_xlim(*span)
    minutes = (span[1] - span[0]) * 24 * 60 if span else 0
    step = next((step for step in _STEPS if minutes <= step * _MARKS), None)
    axes.xaxis.set_major_locator(
        dates.MinuteLocator(range(0, 60, step), tz=UTC) if step else dates.AutoDateLocator(tz=UTC, maxticks=_MARKS)
    )
    axes.xaxis.set_major_formatter(dates.DateFormatter("%H:%M", tz=UTC))


def _legend(axes: Axes, lines: int, letters: int) -> None:
    handles, names = axes.get_legend_handles_labels()
    if not handles:
        axes.text(0.5, 0.5, "nothing in this time", ha="center", color="0.5", transform=axes.transAxes)
        return
    if lines > _MOST:
        names[_MOST - 1] += f", and {lines - _MOST} more"
    place = {"loc": "upper left", "bbox_to_anchor": (0, -0.12), "frameon": False, "fontsize": 6.5}
    axes.legend(handles[:_MOST], names[:_MOST], ncols=_columns(names[:_MOST], letters), **place)


def _columns(names: Sequence[str], letters: int) -> int:
    """As many as fit beside each other; a legend is filled column by column."""
    for columns in (4, 3, 2):
        rows = -(-len(names) // columns)
        if sum(6 + max(map(len, names[at : at + rows])) for at in range(0, len(names), rows)) <= letters:
            return columns
    return 1


def _time(at: float) -> float:
    """As matplotlib counts: in days."""
    return float(dates.date2num(datetime.fromtimestamp(at, UTC)))
