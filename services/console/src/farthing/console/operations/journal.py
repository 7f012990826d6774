"""The journal of public requests."""

from __future__ import annotations

from typing import Final

from farthing.console.errors import OneProcessOnly
from farthing.kit.journal import Entry, Journal

MOST: Final = 1000
CONTROL: Final = "control."  # how the names of the console's own operations begin


class Requests:
    """Reads the journal that all services of this process write; None: they run apart, and nobody keeps one."""

    def __init__(self, journal: Journal | None) -> None:
        self._journal = journal

    def latest(self, operation: str | None, status: int | None, limit: int) -> list[Entry]:
        """The newest first; calls of the control API only when one of them is asked for by name."""
        if self._journal is None:
            raise OneProcessOnly
        found = self._journal.entries(operation, status, MOST)
        return [entry for entry in found if operation or not entry.operation.startswith(CONTROL)][:limit]
