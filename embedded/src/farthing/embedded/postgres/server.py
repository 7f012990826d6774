"""What a host uses: start PostgreSQL on a data directory, and stop it.

Plain blocking functions; from async code call `wait` and `stop` in a thread, but `begin_start` in the main thread if possible: on Linux the
kernel then shuts the server down when this process is killed. That is tied to the starting *thread*, so a start from any other thread goes
without, and only the next start on the same data directory stops what was left.
"""

from __future__ import annotations

import fcntl
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from farthing.embedded.postgres import cluster as clusters
from farthing.embedded.postgres import leftover
from farthing.embedded.postgres.errors import BY_NAME, DataDirectoryInUse, PostgresDidNotStart
from farthing.embedded.postgres.launch import CLUSTER, LOG, Order
from farthing.embedded.postgres.tuning import DATABASE, SUPERUSER


class EmbeddedPostgres:
    """A PostgreSQL server of our own on one data directory.

    Any role is trusted on its socket; the socket's folder admits only this user. `fsync=False` is for data that nobody keeps.
    Raises DataDirectoryInUse, OtherMajorVersion, NotAllowedToRun, BinariesNotFound, PostgresDidNotStart.
    """

    def __init__(self, data_dir: Path, *, fsync: bool = True) -> None:
        self.data_dir = data_dir.absolute()
        self._fsync = fsync
        self._lock: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self.socket_dir = Path()

    def start(self, timeout: float = 60.0) -> Path:
        """Start and wait until connections are accepted; answers the socket's folder."""
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        clusters.check_version(self.data_dir / CLUSTER)
        self._lock = _lock(self.data_dir)
        self.socket_dir = Path(tempfile.mkdtemp(prefix=leftover.SOCKET_PREFIX))
        order = Order(
            data_dir=str(self.data_dir),
            socket_dir=str(self.socket_dir),
            fsync=self._fsync,
            bound=threading.current_thread() is threading.main_thread(),
            parent=os.getpid(),
        )
        command = [sys.executable, "-m", "farthing.embedded.postgres.launch", json.dumps(order._asdict())]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True)
        try:
            self._wait_until_ready(time.monotonic() + timeout)
        except BaseException:
            self.stop()
            raise
        return self.socket_dir

    def stop(self) -> None:
        """Fast shutdown; by force if that takes too long. Harmless when it is not running."""
        process, self._process = self._process, None
        if process is not None:
            for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
                process.send_signal(number)
                try:
                    process.wait(10)
                    break
                except subprocess.TimeoutExpired:
                    continue
            leftover.clear(self.data_dir, leftover.Note(process.pid, self.socket_dir))
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def dsn(self, database: str = DATABASE, user: str = SUPERUSER) -> str:
        return f"postgresql://{user}@/{database}?host={self.socket_dir}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _wait_until_ready(self, deadline: float) -> None:
        process = self._process
        assert process is not None
        assert process.stdout is not None
        answer = _read_all(process.stdout.fileno(), deadline)
        process.stdout.close()
        reply = json.loads(answer) if answer else {}
        if "error" in reply:
            raise BY_NAME[reply["error"]](reply["message"])
        while not self._ready(process.pid):
            if process.poll() is not None or time.monotonic() > deadline:
                raise PostgresDidNotStart(f"PostgreSQL did not start, see {self.data_dir / LOG}.")
            time.sleep(0.005)

    def _ready(self, pid: int) -> bool:
        try:
            lines = (self.data_dir / CLUSTER / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


def _lock(data_dir: Path) -> int:
    lock = os.open(data_dir, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise DataDirectoryInUse(f"Another process serves {data_dir}: stop it or choose another data directory.") from None
    return lock


def _read_all(descriptor: int, deadline: float) -> bytes:
    answer = b""
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while selector.select(max(0.0, deadline - time.monotonic())):
            part = os.read(descriptor, 65536)
            if not part:
                return answer
            answer += part
    raise PostgresDidNotStart("PostgreSQL's data directory was not ready in time.")
