"""The probes of the one process, as it runs in its container: a hung event loop is seen, and who stops says so while it still serves."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.ports import free_ports
from tests.process import FarthingProcess

# Python reads it when it starts. The process is as ever until SIGUSR1: from then on its event loop is in one step that does not end.
_HANGS = """
import asyncio, signal, time

run = asyncio.Runner.run

def hanging(self, *arguments, **named):
    self.get_loop().add_signal_handler(signal.SIGUSR1, time.sleep, 86_400)
    return run(self, *arguments, **named)

asyncio.Runner.run = hanging
"""
_BODY = b"grant_type=client_credentials"
_HEAD = f"POST /v1/oauth2/token HTTP/1.1\r\nhost: x\r\ncontent-length: {len(_BODY)}\r\n\r\n".encode()


class Probed(FarthingProcess):
    """The platform with a port for probes; SIGUSR1 makes its event loop hang."""

    def __init__(self, folder: Path) -> None:
        [self._port] = free_ports(1)
        (folder / "sitecustomize.py").write_text(_HANGS, "utf-8")
        environment = {"PYTHONPATH": str(folder), "FARTHING_METRICS_PORT": str(self._port)}
        super().__init__(folder, "--ephemeral", environment=environment)

    def ask(self, path: str, patience: float = 10) -> int:
        return httpx2.get(f"http://127.0.0.1:{self._port}{path}", timeout=patience).status_code


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Probed]:
    made = Probed(tmp_path)
    made.start()
    yield made
    if made.running:
        made.kill()


def until_it_hangs(process: Probed) -> None:
    """The signal may take its time."""
    until = time.monotonic() + 20
    with contextlib.suppress(httpx2.ReadTimeout):
        while process.ask("/livez", patience=2) == 200 and time.monotonic() < until:
            time.sleep(0.1)


@pytest.mark.timeout(120)
def test_an_event_loop_that_hangs_answers_no_probe_though_its_port_is_open(process: Probed) -> None:
    assert [process.ask(path) for path in ("/livez", "/readyz", "/metrics")] == [200, 200, 200]
    assert [httpx2.get(f"{process.url}{path}").status_code for path in ("/livez", "/readyz", "/metrics")] == [404, 404, 404]
    os.kill(process.pid, signal.SIGUSR1)
    until_it_hangs(process)
    for path in ("/livez", "/readyz"):
        with pytest.raises(httpx2.ReadTimeout):
            process.ask(path, patience=2)
    socket.create_connection(("127.0.0.1", httpx2.URL(process.url).port or 0), timeout=10).close()
    assert process.running


@pytest.mark.timeout(120)
def test_a_process_that_stops_is_alive_and_not_ready_until_its_last_answer(process: Probed) -> None:
    with socket.create_connection(("127.0.0.1", httpx2.URL(process.url).port or 0), timeout=20) as slow:
        slow.sendall(_HEAD + _BODY[:5])
        assert process.ask("/readyz") == 200
        os.kill(process.pid, signal.SIGTERM)
        while process.ask("/readyz") == 200:
            time.sleep(0.05)
        assert [process.ask("/readyz"), process.ask("/livez")] == [503, 200]
        slow.sendall(_BODY[5:])
        answer = http.client.HTTPResponse(slow)
        answer.begin()
        assert answer.status == 401
    assert process.wait() == 0
    with pytest.raises(httpx2.ConnectError):
        process.ask("/livez")
