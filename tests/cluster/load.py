"""The exact client as a process of its own beside an experiment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.needs import ROOT

URL = "http://127.0.0.1:8080"
RATE = 20.0  # checkouts per second
FEWEST = 500  # checkouts of an experiment
_STARTING = 90.0  # seconds until the books have been read
_AFTER = 240.0  # seconds that the client may take after its last arrival, retries and reconciliation included


class LoadFailed(Exception):
    """The client could not say what happened."""


class TooShort(Exception):
    """The load ended before the change did: the run proves nothing."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What the client reported, as JSON."""

    all: dict[str, Any]
    table: str

    def expect_exact(self) -> None:
        """Each acknowledged payment exactly once, nothing else, and as many arrivals as wanted."""
        assert self.all["problems"] == [], self.table
        assert self.all["started"] == self.all["wanted"] >= FEWEST, self.table

    def expect_no_failure(self) -> None:
        """Not one request failed, by a client that never retries."""
        self.expect_exact()
        assert self.all["retries"] is False
        assert self.all["failures"] == {}, self.table
        assert self.all["finished"] == self.all["acknowledged"] == self.all["in_books"] == self.all["wanted"], self.table

    def expect_all_paid(self) -> None:
        """Every checkout came to its end, with retries."""
        self.expect_exact()
        assert self.all["finished"] == self.all["acknowledged"] == self.all["in_books"] == self.all["wanted"], self.table


class Load:
    """Starts when made, and is made when the first checkout is due: before that the client reads the books, which needs services, too."""

    def __init__(self, folder: Path, seconds: float, operator: str, *options: str, url: str = URL) -> None:
        """Raises LoadFailed when it cannot begin."""
        self._file, begun, self._seconds = folder / "load.json", folder / "begun", seconds
        command = [sys.executable, "-m", "tests.cluster.exact", "--url", url, "--rate", str(RATE), "--seconds", str(seconds)]
        environment = {**os.environ, "FARTHING_OPERATOR_TOKEN": operator}
        self._process = subprocess.Popen(
            [*command, "--json", str(self._file), "--begun", str(begun), *options],
            env=environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._wait(begun)
        self._since = time.monotonic()

    def _wait(self, begun: Path) -> None:
        until = time.monotonic() + _STARTING
        while not begun.exists():
            if self._process.poll() is not None or time.monotonic() > until:
                self.stop()
                raise LoadFailed(self._said[-2000:] or "the client did not begin")
            time.sleep(0.1)

    def expect_running(self) -> None:
        """Say it when a change is done: then all of it was under load. Raises TooShort."""
        if time.monotonic() - self._since > self._seconds:
            raise TooShort(f"the change took longer than {self._seconds:g} s of load")

    def finish(self) -> Figures:
        """Raises LoadFailed."""
        said, _ = self._process.communicate(timeout=self._seconds + _AFTER)
        if not self._file.exists():
            raise LoadFailed(said[-2000:])
        return Figures(json.loads(self._file.read_text("utf-8")), said)

    def stop(self) -> None:
        """For an experiment that failed: nobody waits for the client any more."""
        if self._process.poll() is None:
            self._process.kill()
        self._said, _ = self._process.communicate()
