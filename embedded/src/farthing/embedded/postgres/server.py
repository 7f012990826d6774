"""What a host uses: start PostgreSQL on a data directory, and stop it.

    server = EmbeddedPostgres(data_dir, template=template)
    server.begin_start()        # returns at once: a child process copies and starts
    import everything_else
    server.wait_until_ready()
    ...
    server.stop()

Plain blocking functions; async code calls `wait_until_ready` and `stop` in a thread. Call `begin_start` in the main thread if possible: on
Linux the kernel then shuts the server down (as by SIGINT: fast, clean) when this process ends, even by SIGKILL. The kernel ties that to the
starting *thread*, so a start from any other thread goes without it; what is then left is stopped by the next start on the same data
directory.
"""

from __future__ import annotations

import atexit
import shutil
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from farthing.embedded.postgres.cluster import has_cluster
from farthing.embedded.postgres.data_directory import DataDirectoryLock
from farthing.embedded.postgres.errors import FormerServerEnding, PostgresDidNotStart
from farthing.embedded.postgres.launch import CLUSTER, LOG
from farthing.embedded.postgres.privileges import Way
from farthing.embedded.postgres.process import ServerProcess
from farthing.embedded.postgres.sockets import SocketFolder
from farthing.embedded.postgres.template import Prepared, Template
from farthing.embedded.postgres.tuning import DATABASE, SUPERUSER

_START_TIMEOUT = 60.0  # seconds; a start takes a tenth, the first ever one a second, recovery after a crash under load a few


class EmbeddedPostgres:
    """A PostgreSQL server of our own on one data directory, with the database `farthing` and the superuser `postgres`.

    Any role is trusted on its socket; the socket's folder admits only this user. `fsync=False` is for data that nobody keeps. `way` limits
    how root becomes somebody that PostgreSQL accepts; the default is to try.
    """

    def __init__(self, data_dir: Path, *, fsync: bool = True, template: Template | None = None, way: Way | None = None) -> None:
        self.data_dir = data_dir.absolute()
        self.origin = ""
        self._fsync = fsync
        self._template = template
        self._way = way
        self._lock: DataDirectoryLock | None = None
        self._process: ServerProcess | None = None
        self._sockets: SocketFolder | None = None
        self._making: EmbeddedPostgres | None = None
        self._copying = False

    @property
    def socket_dir(self) -> Path:
        """The folder of the server's socket: `host` for a client. The same until `stop`, also across `begin_again`."""
        return self._held().path

    @property
    def pid(self) -> int:
        return self._started().pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.running

    @property
    def log(self) -> Path:
        return self.data_dir / LOG

    def dsn(self, database: str = DATABASE, user: str = SUPERUSER) -> str:
        return f"postgresql://{user}@/{database}?host={quote(str(self.socket_dir))}"

    def start(self, timeout: float = _START_TIMEOUT) -> Path:
        """Start and wait until connections are accepted. Answers the socket's folder. Raises what its two halves raise."""
        self.begin_start()
        return self.wait_until_ready(timeout)

    def begin_start(self) -> None:
        """Begin to start and return at once. A server that a killed process left on the data directory is stopped first.

        Raises DataDirectoryInUse, DataDirectoryUnusable, OtherMajorVersion, BinariesNotFound, NotAllowedToRun.
        """
        if self._lock is not None:
            raise PostgresDidNotStart(f"PostgreSQL was already started on {self.data_dir}.")
        self._lock = DataDirectoryLock(self.data_dir)
        atexit.register(self.stop)
        try:
            self._begin()
        except BaseException:
            self.stop()
            raise

    def wait_until_ready(self, timeout: float = _START_TIMEOUT) -> Path:
        """Block until connections are accepted and the template's `prepare` has run on the data. Answers the socket's folder.

        Afterwards `origin` says where the data came from: existing, template, or initdb. Stops everything and raises PostgresDidNotStart,
        NotAllowedToRun, DataDirectoryInUse (by a server that was started by hand) or whatever `prepare` raises.
        """
        deadline = time.monotonic() + timeout
        try:
            if self._making is not None:
                self._process = self._spawn(self._make_template(self._making, deadline))
            self.origin = self._wait(deadline)
            self._bring_up_to_date()
        except BaseException:
            self.stop()
            raise
        return self.socket_dir

    def begin_again(self) -> None:
        """Begin to start a server that ended by itself, on the same socket, so that its clients find it again; returns at once."""
        self._started().stop()
        self._held().clear_sockets()
        self._process = self._spawn(None)

    def wait_again(self, timeout: float = _START_TIMEOUT) -> None:
        """Block until connections are accepted again. Raises FormerServerEnding (begin once more) or PostgresError, and stops nothing."""
        self._started().wait_until_ready(time.monotonic() + timeout)

    def stop(self) -> None:
        """Shut down cleanly, by force if that takes too long. Harmless when nothing runs."""
        making, self._making = self._making, None
        process, self._process = self._process, None
        lock, self._lock = self._lock, None
        sockets, self._sockets = self._sockets, None
        if making is not None:
            making.stop()
            shutil.rmtree(making.data_dir, ignore_errors=True)
        if process is not None:
            process.stop()
        if sockets is not None:
            sockets.remove()
        if lock is not None:
            lock.release()
            atexit.unregister(self.stop)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _begin(self) -> None:
        prepared = None
        if not has_cluster(self.data_dir / CLUSTER) and self._template is not None:
            prepared = self._template.find()
            partial = self._template.begin() if prepared is None else None
            if partial is not None:
                self._making = EmbeddedPostgres(partial, fsync=False, way=self._way)
                self._making.begin_start()
                return
        self._process = self._spawn(prepared)

    def _make_template(self, making: EmbeddedPostgres, deadline: float) -> Prepared | None:
        if self._template is None:
            return None
        self._template.prepare(making.wait_until_ready(deadline - time.monotonic()))
        making.stop()
        self._making = None
        return self._template.publish(making.data_dir)

    def _bring_up_to_date(self) -> None:
        if self._template is None or self.origin == "template":
            return
        if self._copying:
            self._template.discard()  # it was broken
        self._template.prepare(self.socket_dir)

    def _wait(self, deadline: float) -> str:
        while True:
            process = self._started()
            try:
                return process.wait_until_ready(deadline)
            except FormerServerEnding:
                if time.monotonic() > deadline:
                    raise
                process.stop()
                self._process = self._spawn(None)

    def _spawn(self, prepared: Prepared | None) -> ServerProcess:
        self._copying = prepared is not None
        self._sockets = self._sockets or SocketFolder()
        return ServerProcess(self.data_dir, self._sockets.path, fsync=self._fsync, template=prepared, way=self._way)

    def _held(self) -> SocketFolder:
        if self._sockets is None:
            raise PostgresDidNotStart(f"PostgreSQL is not running on {self.data_dir}.")
        return self._sockets

    def _started(self) -> ServerProcess:
        if self._process is None:
            raise PostgresDidNotStart(f"PostgreSQL is not running on {self.data_dir}.")
        return self._process
