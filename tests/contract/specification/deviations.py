"""Deliberate deviations from PayPal's OpenAPI files, listed in one file with the reason of each."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("deviations.json")
_KEYS = {"operation", "reason", "status", "as", "request", "pointer", "message"}


class InvalidDeviation(ValueError):
    """An entry of the file that says nothing, too much or gives no reason."""


@dataclass(frozen=True)
class Deviation:
    """What is not held against answers (or, with `request`, requests) of an operation, `*` for all.

    Either `as`: an answer of `status` is taken for one of this documented status. Or violations whose JSON pointer matches `pointer`
    entirely and whose text matches `message` somewhere are excused, with `status` only in answers of it.
    """

    operation: str
    reason: str
    status: int | None = None
    taken_as: int | None = None
    request: bool = False
    pointer: str = ".*"
    message: str = ""

    @classmethod
    def read(cls, entry: dict[str, Any]) -> Deviation:
        unknown = set(entry) - _KEYS
        excuses = "pointer" in entry or "message" in entry
        if unknown or not entry.get("reason") or not entry.get("operation") or excuses == ("as" in entry):
            raise InvalidDeviation(f"operation, reason and either as or pointer/message are needed: {entry}")
        names = {key: value for key, value in entry.items() if key != "as"}
        return cls(**names, taken_as=entry.get("as"))

    def concerns(self, operation: str, status: int | None) -> bool:
        """Whether it is about this answer; `status` None stands for a request."""
        about = self.request if status is None else not self.request and self.status in (None, status)
        return about and self.operation in ("*", operation)

    def excuses(self, pointer: str, message: str) -> bool:
        return self.taken_as is None and bool(re.fullmatch(self.pointer, pointer)) and bool(re.search(self.message, message))


class Deviations:
    """The list of a file, and which entries a run has needed."""

    def __init__(self, entries: list[Deviation]) -> None:
        self._entries = entries
        self._needed: set[Deviation] = set()
        self._concerned: set[Deviation] = set()

    @classmethod
    def load(cls, file: Path = FILE) -> Deviations:
        return cls([Deviation.read(entry) for entry in json.loads(file.read_text("utf-8"))])

    def taken_as(self, operation: str, status: int) -> int:
        """The documented status that an answer of this status is compared with."""
        for entry in self._concerning(operation, status):
            if entry.taken_as is not None:
                self._needed.add(entry)
                return entry.taken_as
        return status

    def excuse(self, operation: str, status: int | None, pointer: str, message: str) -> bool:
        """Whether a violation is a deliberate deviation. The first entry that says so counts as needed."""
        for entry in self._concerning(operation, status):
            if entry.excuses(pointer, message):
                self._needed.add(entry)
                return True
        return False

    def unused(self) -> list[Deviation]:
        """Entries that concerned something checked and excused nothing: they may be outdated."""
        return [entry for entry in self._entries if entry in self._concerned - self._needed]

    def _concerning(self, operation: str, status: int | None) -> list[Deviation]:
        found = [entry for entry in self._entries if entry.concerns(operation, status)]
        self._concerned.update(found)
        return found
