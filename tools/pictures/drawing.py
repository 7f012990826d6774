"""Panels as one picture, where Grafana would put them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
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
_CHANGE: Final = "#e6e6e6"


def draw(shown: Shown, changes: Sequence[tuple[float, float]], file: Path) -> None:
    """Write the picture; the times at which a rollout went on are grey in each graph."""
    mpl.rcParams.update({"font.size": 8, "axes.spines.top": False, "axes.spines.right": False, "svg.hashsalt": "farthing"})
    high = max(panel.place.y + panel.place.height for panel, _ in shown)
    page = figure.Figure(figsize=(_WIDE, high * _ROW), facecolor="white")
    for panel, series in shown:
        axes = page.add_axes(_box(panel, high))
        if panel.kind == "timeseries":
            _graph(axes, panel, series, changes)
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
    axes.xaxis.set_major_formatter(dates.DateFormatter("%H:%M", tz=UTC))
    axes.xaxis.set_major_locator(dates.AutoDateLocator(maxticks=6))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda number, _: value(number, panel.unit)))
    axes.grid(axis="y", color="0.92")
    _legend(axes, len(series))


def _legend(axes: Axes, lines: int) -> None:
    handles, names = axes.get_legend_handles_labels()
    if not handles:
        axes.text(0.5, 0.5, "nothing in this time", ha="center", color="0.5", transform=axes.transAxes)
        return
    if lines > _MOST:
        names[_MOST - 1] += f", and {lines - _MOST} more"
    place = {"loc": "upper left", "bbox_to_anchor": (0, -0.12), "frameon": False, "fontsize": 6.5}
    axes.legend(handles[:_MOST], names[:_MOST], ncols=min(4, lines), **place)


def _time(at: float) -> float:
    """As matplotlib counts: in days."""
    return float(dates.date2num(datetime.fromtimestamp(at, UTC)))
