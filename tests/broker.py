"""A real NATS server for tests marked `needs_nats`; the root conftest loads this plugin.

- `nats_server` (function): a running server with JetStream on a free port and a folder of its own.
    `.url`; `.kill()` (SIGKILL) and `.start()`: the same port and the same files again, as after a crash
"""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ports import free_ports

_STARTING = 20.0  # seconds


class NatsServer:
    """One server process at a time over one folder; `configuration`: a file with everything but the address and the folder."""

    def __init__(self, program: Path, folder: Path, configuration: Path | None = None) -> None:
        [self._port] = free_ports(1)
        self._program, self._folder = program, folder
        self._more = ["--config", str(configuration)] if configuration is not None else []
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Returns when it accepts connections."""
        address = ["--addr", "127.0.0.1", "--port", str(self._port)]
        command = [str(self._program), *address, "--jetstream", "--store_dir", str(self._folder), *self._more]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + _STARTING
        while not self._accepts():
            assert self._process.poll() is None, "the broker ended"
            assert time.monotonic() < until, "the broker does not start"
            time.sleep(0.02)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def _accepts(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=1) as connection:
                return connection.recv(4) == b"INFO"
        except OSError:
            return False


@pytest.fixture
def nats_server(nats_program: Path, tmp_path: Path) -> Iterator[NatsServer]:
    server = NatsServer(nats_program, tmp_path / "jetstream")
    try:
        server.start()
        yield server
    finally:
        server.kill()
