"""What the tests of the embedded PostgreSQL share: data directories, queries from sync code, and hosts that can be killed."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import asyncpg
import pytest

from farthing.embedded.postgres.server import EmbeddedPostgres

# A host in a process of its own. It prints a line and waits to be killed. `started` is where tests differ.
_HOST = """
import sys, threading, time
from pathlib import Path
from farthing.embedded.postgres.server import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]))
{start}
print(server.pid, server.socket_dir, flush=True)
{then}
"""
IN_MAIN_THREAD = "server.start()"
IN_OTHER_THREAD = "thread = threading.Thread(target=server.start); thread.start(); thread.join()"


class Query(Protocol):
    def __call__(self, socket_dir: Path, sql: str, database: str = ...) -> object: ...


class Host:
    """A running host process and the server that it started."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        pid, socket_dir = process.stdout.readline().split()
        self.process, self.server_pid, self.socket_dir = process, int(pid), Path(socket_dir)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def query() -> Query:
    """Run statements; answers the first value of the last one's first row."""

    async def run(socket_dir: Path, sql: str, database: str) -> object:
        connection = await asyncpg.connect(host=str(socket_dir), user="postgres", database=database)
        try:
            *first, last = sql.split(";")
            for statement in first:
                await connection.execute(statement)
            return await connection.fetchval(last)
        finally:
            await connection.close()

    def query(socket_dir: Path, sql: str, database: str = "farthing") -> object:
        return asyncio.run(run(socket_dir, sql, database))

    return query


@pytest.fixture(scope="session")
def stopped_cluster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with an empty cluster that was stopped cleanly, to be copied: initdb takes too long for each test."""
    data_dir = tmp_path_factory.mktemp("stopped")
    with EmbeddedPostgres(data_dir, fsync=False):
        pass
    return data_dir


@pytest.fixture
def data_dir(stopped_cluster: Path, tmp_path: Path) -> Path:
    """A data directory with an empty cluster."""
    return Path(shutil.copytree(stopped_cluster, tmp_path / "data"))


@pytest.fixture
def start_host(data_dir: Path) -> Iterator[Callable[[str, str], Host]]:
    processes: list[subprocess.Popen[str]] = []

    def start(how: str = IN_MAIN_THREAD, then: str = "time.sleep(100)") -> Host:
        program = _HOST.format(start=how, then=then)
        process = subprocess.Popen([sys.executable, "-c", program, str(data_dir)], stdout=subprocess.PIPE, text=True)
        processes.append(process)
        return Host(process)

    yield start
    for process in processes:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], bool]:
    """Wait, at most ten seconds, until something holds."""

    def wait(holds: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + 10
        while not holds() and time.monotonic() < deadline:
            time.sleep(0.01)
        return holds()

    return wait
