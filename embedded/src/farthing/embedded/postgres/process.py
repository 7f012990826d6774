"""One start of the server, seen from its host."""

from __future__ import annotations

import json
import os
import re
import selectors
import subprocess
import threading
import time
from pathlib import Path

from farthing.embedded.postgres import leftover
from farthing.embedded.postgres.binaries import find_binaries
from farthing.embedded.postgres.cluster import is_ready
from farthing.embedded.postgres.errors import BY_NAME, DataDirectoryInUse, FormerServerEnding, PostgresDidNotStart
from farthing.embedded.postgres.launch import CLUSTER, LOG, Order, command
from farthing.embedded.postgres.privileges import Way
from farthing.embedded.postgres.template import Prepared

_FATAL = re.compile(r".*?(FATAL|PANIC): +")
_POLL = 0.004  # seconds; a start takes about 60 ms, a stop 15


class ServerProcess:
    """PostgreSQL as a child process: first `launch`, then, with the same id, the server itself.

    It is a session of its own, so Ctrl-C in a terminal reaches only the host, which then stops the server in its own order.
    """

    def __init__(self, data_dir: Path, socket_dir: Path, *, fsync: bool, template: Prepared | None, way: Way | None) -> None:
        binaries = find_binaries()
        self.data_dir = data_dir
        order = Order(
            data_dir=str(data_dir),
            socket_dir=str(socket_dir),
            binaries=str(binaries.root),
            release=binaries.release,
            fsync=fsync,
            bound=threading.current_thread() is threading.main_thread(),
            parent=os.getpid(),
            template=str(template.cluster) if template else "",
            template_size=template.size if template else (0, 0),
            way=way or "",
        )
        self._log_start = self._log_size()
        self._process = subprocess.Popen(
            command(order), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def wait_until_ready(self, deadline: float) -> str:
        """Block until connections are accepted or the monotonic clock reaches `deadline`. Answers where the cluster came from.

        Raises PostgresDidNotStart, FormerServerEnding, DataDirectoryInUse, NotAllowedToRun.
        """
        origin = self._origin(deadline)
        while not is_ready(self.data_dir / CLUSTER, self.pid):
            if not self.running:
                raise self._failure()
            if time.monotonic() > deadline:
                raise PostgresDidNotStart(f"PostgreSQL was not ready in time, see {self.data_dir / LOG}.")
            time.sleep(_POLL)
        return origin

    def stop(self) -> None:
        """Fast shutdown; by force if that takes too long."""
        for number, seconds in leftover.STOP_STEPS:
            self._process.send_signal(number)
            if self._ended_within(seconds):
                break
        if self._process.stdout:
            self._process.stdout.close()
        leftover.forget(self.data_dir)

    def _ended_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.running and time.monotonic() < deadline:
            time.sleep(_POLL)
        return not self.running

    def _origin(self, deadline: float) -> str:
        output = self._first_output(deadline)
        try:
            reply: dict[str, str] = json.loads(output)
        except ValueError:
            last = output.decode(errors="replace").strip().rpartition("\n")[2]
            raise PostgresDidNotStart(f"PostgreSQL's data directory could not be prepared: {last or 'the process was killed'}") from None
        if "error" in reply:
            raise BY_NAME[reply["error"]](reply["message"])
        return reply["origin"]

    def _first_output(self, deadline: float) -> bytes:
        """All that the child wrote before it became postgres."""
        pipe = self._process.stdout
        if pipe is None:
            raise PostgresDidNotStart("PostgreSQL was already waited for.")
        output = b""
        with pipe, selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            while selector.select(max(0.0, deadline - time.monotonic())):
                part = os.read(pipe.fileno(), 65536)
                if not part:
                    return output
                output += part
        raise PostgresDidNotStart("PostgreSQL's data directory was not ready in time.")

    def _log_size(self) -> int:
        log = self.data_dir / LOG
        return log.stat().st_size if log.exists() else 0

    def _failure(self) -> PostgresDidNotStart | DataDirectoryInUse:
        reason = self._last_words()
        if "pre-existing shared memory block" in reason:
            return FormerServerEnding(f"PostgreSQL did not start: {reason}.")
        if "lock file" in reason and "already exists" in reason:
            return DataDirectoryInUse(f"Another PostgreSQL server serves {self.data_dir / CLUSTER}: stop it first.")
        return PostgresDidNotStart(f"PostgreSQL did not start: {reason}; see {self.data_dir / LOG}.")

    def _last_words(self) -> str:
        """Why this start failed, from the part of the log that it wrote."""
        try:
            with (self.data_dir / LOG).open("rb") as log:
                log.seek(min(self._log_start, self._log_size()))
                lines = log.read().decode(errors="replace").splitlines()
        except FileNotFoundError:
            lines = []
        fatal = [_FATAL.sub("", line) for line in lines if _FATAL.match(line)]
        return (fatal or lines or ["it ended without a word"])[-1]
