"""What an experiment says: text, tables and plots, as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Found = dict[str, Any]  # what an experiment measured, as JSON has it
Say = Callable[[str], None]  # tells who waits what is going on
MODES = ("embedded", "split")
CALLED = {"embedded": "one process", "split": "services"}


@dataclass(frozen=True, slots=True)
class Table:
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]

    def markdown(self) -> str:
        """Raises ValueError when a row has another number of cells than there are columns."""
        wrong = [row for row in self.rows if len(row) != len(self.columns)]
        if wrong:
            raise ValueError(f"{len(self.columns)} columns, and the row {list(wrong[0])}")
        lines = [self.columns, ["---"] * len(self.columns), *self.rows]
        return "\n".join("| " + " | ".join(shown(cell) for cell in line) + " |" for line in lines)


@dataclass(frozen=True, slots=True)
class Bars:
    """Groups of bars: by series one value for each label. `name` is that of its file."""

    name: str
    title: str
    unit: str
    labels: Sequence[str]
    series: Mapping[str, Sequence[float]]


@dataclass(frozen=True, slots=True)
class Heat:
    """A square of numbers with the same labels on both sides."""

    name: str
    title: str
    labels: Sequence[str]
    values: Sequence[Sequence[float]]


@dataclass(frozen=True, slots=True)
class Section:
    """`verdict`: one sentence, who wins by what was measured. `parts` in the order in which they are read."""

    verdict: str
    parts: Sequence[str | Table | Bars | Heat]

    def markdown(self) -> str:
        return "\n\n".join([f"**{self.verdict}**", *(_part(part) for part in self.parts)])

    @property
    def plots(self) -> list[Bars | Heat]:
        return [part for part in self.parts if isinstance(part, Bars | Heat)]


def _part(part: str | Table | Bars | Heat) -> str:
    if isinstance(part, str):
        return part
    return part.markdown() if isinstance(part, Table) else f"![{part.title}](images/experiments-{part.name}.svg)"


def shown(cell: object) -> str:
    """A cell's text: fractions with three digits that count, nothing for None; a bar would end the cell."""
    if cell is None:
        return ""
    if isinstance(cell, float):
        text = f"{cell:,.0f}" if abs(cell) >= 100 else f"{cell:.3g}"
        return f"{float(text):g}" if "e" in text else text
    return f"{cell:,}" if isinstance(cell, int) and not isinstance(cell, bool) else str(cell).replace("|", "\\|")


def text(*pieces: str) -> str:
    """A paragraph."""
    return " ".join(pieces)


def percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "none"


def times(one: float, other: float) -> str:
    """How many times `other` the one is."""
    return f"{one / other:.1f} times" if other else "infinitely many times"
