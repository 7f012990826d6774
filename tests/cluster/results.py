"""What each experiment measured, kept as JSON and written as one table."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.needs import ROOT

FOLDER = ROOT / "build" / "experiments"


@dataclass(frozen=True, slots=True)
class Row:
    """One experiment that held."""

    experiment: str
    service: str
    figures: dict[str, Any]
    measured: str = ""

    def line(self) -> str:
        failed = sum(self.figures.get("failures", {}).values())
        counts = [self.figures.get(name, "") for name in ("started", "acknowledged", "in_books")]
        cells = [
            self.experiment,
            self.service,
            *counts,
            failed,
            len(self.figures.get("unknown", {})),
            self.figures.get("longest_gap_s", ""),
        ]
        return "| " + " | ".join(str(cell) for cell in [*cells, self.measured]) + " |"


class Results:
    """Rows of this session; each is also kept in a file of its own, so that an interrupted session loses none."""

    HEAD = "| experiment | service | checkouts | acknowledged | in books | failed requests | unknown | longest gap, s | measured |"

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._rows: list[Row] = []

    def add(self, row: Row) -> None:
        self._rows.append(row)
        self._folder.mkdir(parents=True, exist_ok=True)
        name = f"{row.experiment} {row.service}".strip().replace(" ", "-").replace("/", "-")
        (self._folder / f"{name}.json").write_text(json.dumps({**row.figures, "measured": row.measured}, indent=2), "utf-8")

    def keep(self, name: str, text: str) -> None:
        """A further table."""
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / f"{name}.md").write_text(text, "utf-8")

    def table(self) -> str:
        if not self._rows:
            return ""
        rule = "|" + "---|" * (self.HEAD.count("|") - 1)
        return "\n".join([self.HEAD, rule, *(row.line() for row in self._rows)]) + "\n"
