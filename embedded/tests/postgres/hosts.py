"""Host processes that can be killed, and queries from sync code."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path

import asyncpg

# It prints a line, then does what `then` says. `start` is where tests differ.
_PROGRAM = """
import signal, sys, threading, time
from pathlib import Path
from farthing.embedded.postgres.server import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]))
{start}
print(server.pid, server.socket_dir, flush=True)
{then}
"""
IN_MAIN_THREAD = "server.start()"
IN_OTHER_THREAD = "thread = threading.Thread(target=server.start); thread.start(); thread.join()"


class Host:
    """A process that started a server on a data directory. Waits until the server accepts connections."""

    def __init__(self, data_dir: Path, start: str, then: str) -> None:
        command = [sys.executable, "-c", _PROGRAM.format(start=start, then=then), str(data_dir)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        with self.process.stdout as output:
            pid, socket_dir = output.readline().split()
        self.server_pid, self.socket_dir = int(pid), Path(socket_dir)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def clear_up(self) -> None:
        """For after the test: its data directory, which names the socket's folder, is removed."""
        self.kill()
        shutil.rmtree(self.socket_dir, ignore_errors=True)


def query(socket_dir: Path, sql: str, user: str = "postgres") -> object:
    """Run statements; answers the first value of the last one's first row."""
    return asyncio.run(_run(socket_dir, sql, user))


async def _run(socket_dir: Path, sql: str, user: str) -> object:
    connection = await asyncpg.connect(host=str(socket_dir), user=user, database="farthing")
    try:
        *first, last = sql.split(";")
        for statement in first:
            await connection.execute(statement)
        return await connection.fetchval(last)
    finally:
        await connection.close()
