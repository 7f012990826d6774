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

from tests.cluster.exact.arrivals import LONGEST
from tests.needs import ROOT

URL = "http://127.0.0.1:8080"
RATE = 20.0  # checkouts per second
FEWEST = 500  # checkouts of an experiment
AFTER = 10.0  # seconds for which the load goes on after a change: what it broke may show a moment later
_STARTING = 90.0  # seconds until the books have been read
_ENDING = 240.0  # seconds that the client may take after its last arrival, retries and reconciliation included


class LoadFailed(Exception):
    """The client could not say what happened."""


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
    """Goes on until it is told that the change is done, however long that takes, and for the `fewest` checkouts at least.

    It is made when the first checkout is due: before that the client reads the books, which needs services, too.
    """

    def __init__(self, folder: Path, operator: str, *options: str, rate: float = RATE, fewest: int = FEWEST, url: str = URL) -> None:
        """Raises LoadFailed when it cannot begin."""
        self._file, begun, self._over, self._seconds = folder / "load.json", folder / "begun", folder / "over", fewest / rate
        command = [sys.executable, "-m", "tests.cluster.exact", "--url", url, "--rate", str(rate), "--seconds", str(self._seconds)]
        environment = {**os.environ, "FARTHING_OPERATOR_TOKEN": operator}
        self._since = time.monotonic()
        self._process = subprocess.Popen(
            [*command, "--json", str(self._file), "--begun", str(begun), "--until", str(self._over), *options],
            env=environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._wait(begun)

    def _wait(self, begun: Path) -> None:
        until = time.monotonic() + _STARTING
        while not begun.exists():
            if self._process.poll() is not None or time.monotonic() > until:
                self.stop()
                raise LoadFailed(self._said[-2000:] or "the client did not begin")
            time.sleep(0.1)

    def finish(self, after: float = AFTER) -> Figures:
        """Say it when the change is done; the load goes on for `after` seconds. Raises LoadFailed."""
        time.sleep(after)
        if time.monotonic() - self._since > LONGEST:
            raise LoadFailed(f"the change was not done after {LONGEST:g} s, and the load does not go on for longer")
        self._over.touch()
        said, _ = self._process.communicate(timeout=self._seconds + _ENDING)
        if not self._file.exists():
            raise LoadFailed(said[-2000:])
        return Figures(json.loads(self._file.read_text("utf-8")), said)

    def stop(self) -> None:
        """For an experiment that failed: nobody waits for the client any more."""
        if self._process.poll() is None:
            self._process.kill()
        self._said, _ = self._process.communicate()
