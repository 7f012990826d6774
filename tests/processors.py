"""Processes of processor, in whichever language, for tests of what its callers rely on. The root conftest loads this plugin.

- `typescript_processor` (session): the command that serves examples/processor-typescript, built once; mark the test `needs_node`
"""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from farthing.kit.auth import SigningKey
from tests.needs import ROOT
from tests.ports import free_ports

Command = tuple[str, ...]

PYTHON: Command = (sys.executable, "-m", "farthing.processor")
FOLDER = ROOT / "examples/processor-typescript"
BUILDING = 300  # seconds; npm may have to fetch
_STARTING = 60.0


@pytest.fixture(scope="session")
def typescript_processor(node: Path) -> Command:
    with (FOLDER / "package.json").open() as whoever:
        fcntl.flock(whoever, fcntl.LOCK_EX)  # tests run in several processes
        _build()
    return (str(node), str(FOLDER / "dist/main.js"))


def _build() -> None:
    """What the lock names is installed anew when the lock is younger, and compiled anew when a source is."""
    lock, installed = FOLDER / "package-lock.json", FOLDER / "node_modules/.package-lock.json"
    if _older(installed, lock):
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=FOLDER, check=True, timeout=BUILDING)
    built = FOLDER / "dist/.built"
    if _older(built, installed, FOLDER / "package.json", FOLDER / "tsconfig.json", *(FOLDER / "src").iterdir()):
        subprocess.run(["npm", "run", "--silent", "build"], cwd=FOLDER, check=True, timeout=BUILDING)
        built.touch()


def _older(made: Path, *causes: Path) -> bool:
    return not made.exists() or made.stat().st_mtime < max(cause.stat().st_mtime for cause in causes)


def until(condition: Callable[[], bool], seconds: float = _STARTING) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.05)


@dataclass(slots=True)
class ProcessorProcess:
    """One process, and what it has said."""

    process: subprocess.Popen[bytes]
    inside: int
    outside: int
    errors: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.inside}"

    def get(self, path: str, port: int = 0) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body, on a connection of its own. Raises OSError."""
        connection = http.client.HTTPConnection("127.0.0.1", port or self.inside, timeout=20)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def answers(self, path: str, status: int = 200) -> bool:
        try:
            return self.get(path)[0] == status
        except OSError:
            return False

    def logs(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.errors.read_text().splitlines()]

    def stop(self) -> int:
        """Answer the exit code."""
        self.process.terminate()
        return self.process.wait(30)


class Ground:
    """What processes of processor stand on: a database with its tables, the keys of their callers' tokens, perhaps a broker."""

    def __init__(self, database: str, folder: Path, key: SigningKey, broker: str = "") -> None:
        self._folder, self.key, self.broker = folder, key, broker
        self.jwks = folder / "jwks.json"
        self.trust(key)
        self._environment = {
            "DATABASE_URL": database,
            "FARTHING_APP_JWKS": str(self.jwks),
            "FARTHING_SERVICE_JWKS": str(self.jwks),
            "FARTHING_CALLERS": "payments, console",
            "FARTHING_LOG_REQUESTS": "1",
            "FARTHING_NATS_URL": broker,
            "FARTHING_VERSION": "9.9.9-contract",
        }
        self._started: list[ProcessorProcess] = []

    def trust(self, *keys: SigningKey) -> None:
        """Publish the keys by which callers are known from now on."""
        self.jwks.write_text(json.dumps({"keys": [key.public_jwk() for key in keys]}))

    def token(self, audience: str = "processor", *, subject: str = "payments", seconds: int = 3600, key: SigningKey | None = None) -> str:
        now = int(time.time())
        return (key or self.key).sign({"sub": subject, "aud": audience, "iat": now, "exp": now + seconds})

    def start(self, command: Command, **more: str) -> ProcessorProcess:
        """Start a process; nobody waits for it here."""
        inside, outside = free_ports(2)
        environment = {**os.environ, **self._environment, "PORT": str(inside), "PUBLIC_PORT": str(outside), **more}
        errors = self._folder / f"errors-{inside}"
        with errors.open("wb") as said:
            process = subprocess.Popen(command, env=environment, stderr=said)
        self._started.append(ProcessorProcess(process, inside, outside, errors))
        return self._started[-1]

    def serve(self, command: Command, **more: str) -> ProcessorProcess:
        """Start a process, and wait until it is ready."""
        started = self.start(command, **more)
        until(lambda: started.answers("/readyz") or started.process.poll() is not None)
        assert started.process.poll() is None, started.errors.read_text()
        return started

    def close(self) -> None:
        for one in self._started:
            if one.process.poll() is None:
                one.process.kill()
            one.process.wait()


def migrated(owner: str, database: str, environment: Mapping[str, str] | None = None) -> str:
    """Make the tables as an init container does, whatever is to serve afterwards; answer what was said."""
    variables = {**os.environ, "DATABASE_OWNER_URL": owner, "DATABASE_URL": database, **(environment or {})}
    done = subprocess.run([*PYTHON, "migrate"], env=variables, capture_output=True, text=True, check=True)
    return done.stdout
