"""The example store, unmodified, in a process of its own: all that it hears and says is written down."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from tests.ports import free_ports

ROOT = Path(__file__).resolve().parent.parent.parent
_START = 60.0  # seconds
_CHUNK = 65_536


class Store:
    """`heard()`: every byte that came from browsers or from the platform, or went there, so far."""

    def __init__(self, farthing: str, folder: Path) -> None:
        self._calls = Tap(farthing)
        self._visits = folder / "visits"
        [self.port] = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        program = [
            sys.executable,
            "-m",
            "tests.browser.recorded_store",
            str(self._visits),
            "--farthing",
            farthing,
            "--port",
            str(self.port),
        ]
        self._process = subprocess.Popen(program, cwd=ROOT, env={**os.environ, "HTTP_PROXY": self._calls.url, "NO_PROXY": ""})
        self._wait()

    def heard(self) -> str:
        return self._calls.heard() + self._visits.read_bytes().decode("utf-8", "replace")

    def forget(self) -> None:
        self._calls.forget()
        os.truncate(self._visits, 0)

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=10)
        self._calls.close()

    def _wait(self) -> None:
        until = time.monotonic() + _START
        while time.monotonic() < until:
            try:
                with urllib.request.urlopen(self.url, timeout=5):  # noqa: S310 - our own process
                    return
            except OSError:
                assert self._process.poll() is None, "the store ended"
                time.sleep(0.1)
        raise TimeoutError(self.url)


class Tap:
    """A proxy for one destination that passes bytes on and keeps a copy."""

    def __init__(self, destination: str) -> None:
        parts = urlsplit(destination)
        self._destination = (str(parts.hostname), int(parts.port or 80))
        self._heard = bytearray()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def heard(self) -> str:
        return bytes(self._heard).decode("utf-8", "replace")

    def forget(self) -> None:
        self._heard.clear()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._destination)
            for source, target in ((client, server), (server, client)):
                threading.Thread(target=self._pass_on, args=(source, target), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with source:
            while True:
                try:
                    chunk = source.recv(_CHUNK)
                    self._heard += chunk
                    target.sendall(chunk)
                except OSError:
                    return
                if not chunk:
                    target.close()
                    return
