"""`farthing up` as a process of its own, for tests and measurements that start, stop and kill it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

_URL = re.compile(r"Farthing serves at (\S+)")
_START = 60.0  # seconds


class FarthingProcess:
    """The platform on a free port with its data in `data_dir`; `errors`: where its standard error goes."""

    def __init__(self, data_dir: Path, *options: str, environment: dict[str, str] | None = None, errors: Path | None = None) -> None:
        self._data_dir, self._options, self._errors = data_dir, options, errors
        self._place = () if "--ephemeral" in options else ("--data-dir", str(data_dir))
        self._environment = {**os.environ, **(environment or {})}
        self._process: subprocess.Popen[str] | None = None
        self.url = ""
        self.started_in = 0.0  # seconds from the start of the process to the line that says it serves

    def start(self) -> str:
        begun = time.perf_counter()
        command = [sys.executable, "-m", "farthing.embedded", "up", "--port", "0", *self._place, *self._options]
        with self._errors.open("a") if self._errors is not None else contextlib.nullcontext() as errors:
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=self._environment)
        assert self._process.stdout is not None
        for line in self._process.stdout:
            found = _URL.search(line)
            if found:
                self.url, self.started_in = found[1], time.perf_counter() - begun
                return self.url
        raise RuntimeError(f"the platform ended with {self.wait()} before it served")

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def postgres_pid(self) -> int:
        """The server's own process, from the file that PostgreSQL writes."""
        return int((self._data_dir / "postgres" / "postmaster.pid").read_text().split()[0])

    def kill(self) -> None:
        """SIGKILL to the process and to its database, as a machine that loses power would, but for the disk."""
        assert self._process is not None
        family = [self._process.pid, *descendants(self._process.pid)]
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()
        self._close()

    def stop(self) -> float:
        """Stop cleanly and answer how many seconds it took."""
        assert self._process is not None
        begun = time.perf_counter()
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(timeout=30)
        self._close()
        assert code == 0, f"the platform ended with {code}"
        return time.perf_counter() - begun

    def wait(self) -> int:
        """Wait for it to end by itself, and answer its exit code."""
        assert self._process is not None
        code = self._process.wait(timeout=30)
        self._close()
        return code

    def _close(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        self._process.stdout.close()


def descendants(parent: int) -> list[int]:
    """The descendants of a process (the PostgreSQL server and its backends), from /proc."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, waiting = [], [parent]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found
