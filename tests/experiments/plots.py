"""Plots as SVG, the same bytes for the same numbers. matplotlib is in requirements-experiments.txt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.experiments.section import Bars, Heat, shown
from tests.needs import ROOT

IMAGES = ROOT / "docs" / "images"
_SETTINGS = {"svg.hashsalt": "farthing", "svg.fonttype": "none", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False}
_COLOURS = ("#4c6a92", "#c7762b", "#5b8a5b", "#8c6bb1")


def file_of(plot: Bars | Heat, folder: Path = IMAGES) -> Path:
    return folder / f"experiments-{plot.name}.svg"


def draw(plot: Bars | Heat, folder: Path = IMAGES) -> Path:
    """Write a plot's file."""
    import matplotlib as mpl  # noqa: PLC0415 - only who draws needs it

    mpl.use("svg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    with plt.rc_context(_SETTINGS):
        figure = _bars(plt, plot) if isinstance(plot, Bars) else _heat(plt, plot)
        figure.savefig(file_of(plot, folder), format="svg", metadata={"Date": None}, bbox_inches="tight")
        plt.close(figure)
    return file_of(plot, folder)


def _bars(plt: Any, plot: Bars) -> Any:
    figure, axes = plt.subplots(figsize=(max(4.5, 1.25 * len(plot.labels) + 1.0), 3.0))
    width = 0.8 / len(plot.series)
    for number, (name, values) in enumerate(plot.series.items()):
        places = [index + (number - (len(plot.series) - 1) / 2) * width for index in range(len(plot.labels))]
        bars = axes.bar(places, values, width, label=name, color=_COLOURS[number % len(_COLOURS)])
        axes.bar_label(bars, labels=[shown(float(value)) for value in values], fontsize=7)
    axes.set_xticks(range(len(plot.labels)), plot.labels, rotation=20 if len(plot.labels) > 5 else 0)
    axes.set_ylabel(plot.unit)
    axes.set_title(plot.title)
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def _heat(plt: Any, plot: Heat) -> Any:
    size = 0.55 * len(plot.labels) + 1.5
    figure, axes = plt.subplots(figsize=(size, size))
    axes.imshow(plot.values, cmap="Blues", vmin=0)
    axes.set_xticks(range(len(plot.labels)), plot.labels, rotation=60, ha="right")
    axes.set_yticks(range(len(plot.labels)), plot.labels)
    most = max((value for line in plot.values for value in line), default=0)
    for row, line in enumerate(plot.values):
        for column, value in enumerate(line):
            axes.text(column, row, f"{value:g}", ha="center", va="center", fontsize=7, color="white" if value > most / 2 else "black")
    axes.set_title(plot.title)
    return figure
