"""The processes of one release, wired so that they call those of the other."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from farthing.kit.auth import SigningKey
from tests.postgres import PostgresServer
from tests.release.crossings import Crossing
from tests.release.trees import Tree

OPERATOR = "operator-of-the-tests"
_HERE = Path(__file__).parent
_STARTING = 90.0  # seconds for eleven processes on two busy cores
_DEFECTS = ("request.failed", "request.not_recorded", "event.failed", "work.failed", "events.failed", "control.failed", "Traceback")
_HOUR = 3600

Manifests = Mapping[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Place:
    """What both releases share."""

    server: PostgresServer
    database: str
    broker: str
    folder: Path

    @property
    def tokens(self) -> Path:
        return self.folder / "tokens"


class Generation:
    """One tree's services and where they listen. `manifests` are known once it has prepared the database."""

    def __init__(self, tree: Tree, place: Place, ports: Iterator[int]) -> None:
        self.tree, self.name, self._place = tree, tree.name, place
        self.inside = dict(zip(tree.services, ports, strict=False))
        self.outside = dict(zip(tree.services, ports, strict=False))
        self.manifests: Manifests = {}
        self.crossings: list[Crossing] = []
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._ways: dict[tuple[str, str], str] = {}

    async def prepare(self) -> None:
        """Migrate with this release's own code, seed what is new, and learn its manifests."""
        command = [sys.executable, str(_HERE / "migrate.py"), self._place.server.dsn(self._place.database)]
        process = await asyncio.create_subprocess_exec(
            *command, env=self.tree.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.tree.root
        )
        out, error = await process.communicate()
        assert process.returncode == 0, error.decode()
        self.manifests = json.loads(out)

    async def wire(self, other: Generation) -> None:
        """Lead every call to the other release; to our own service where the other has none of that name."""
        for caller, manifest in self.manifests.items():
            for callee in manifest["calls"]:
                if callee in other.inside:
                    crossing = Crossing(f"{self.name} to {other.name}", caller, callee, other.inside[callee])
                    self._ways[caller, callee] = await crossing.start()
                    self.crossings.append(crossing)
                else:
                    self._ways[caller, callee] = f"http://127.0.0.1:{self.inside[callee]}"

    async def start(self, names: Iterable[str], *, callers: Mapping[str, str], keys: int) -> None:
        """Returns when all are ready. `callers` of each, comma separated; `keys`: the port where identity publishes."""
        names = list(names)
        for name in names:
            with self._log(name).open("ab") as log:
                command = [sys.executable, str(_HERE / "serve.py"), name, str(self._origins(name))]
                environment = {**self.tree.environment(), **self._settings(name, callers[name], keys)}
                self._processes[name] = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=self.tree.root)
        until, waiting = time.monotonic() + _STARTING, set(names)
        async with httpx2.AsyncClient(timeout=5) as http:
            while waiting:
                assert time.monotonic() < until, f"{self.name}: not ready: {sorted(waiting)}\n{self._ends(waiting)}"
                assert not (over := {name for name in waiting if self._processes[name].poll() is not None}), self._ends(over)
                await asyncio.sleep(0.2)
                waiting -= {name for name in waiting if await self._ready(http, name)}

    async def stop(self, *names: str) -> None:
        """SIGTERM to these, or to all, and wait: each ends by itself, with 0."""
        ending = {name: self._processes.pop(name) for name in names or tuple(self._processes)}
        for process in ending.values():
            process.terminate()
        codes = {name: await asyncio.to_thread(process.wait, 40) for name, process in ending.items()}
        assert set(codes.values()) <= {0}, f"{self.name}: exit codes {codes}"

    def kill(self) -> None:
        """Whoever is left after a failure."""
        for process in self._processes.values():
            process.kill()
            process.wait()

    def strangers(self) -> list[str]:
        """Files that a process of this release took from elsewhere than its tree, after it has ended."""
        found = []
        for name in self.tree.services:
            files = self._origins(name).read_text().splitlines()
            assert any(f"/farthing/{name}/" in file for file in files), f"{self.name} {name} left no list of its files"
            found += [f"{name}: {file}" for file in files if not Path(file).is_relative_to(self.tree.root)]
        return found

    def defects(self) -> list[str]:
        """What the services themselves call a defect."""
        lines = ((name, line) for name in self.tree.services for line in self._log(name).read_text().splitlines())
        return [f"{self.name} {name}: {line}" for name, line in lines if any(word in line for word in _DEFECTS)]

    def _settings(self, name: str, callers: str, keys: int) -> dict[str, str]:
        place = self._place
        return {
            **{f"{callee.upper()}_URL": self._ways[name, callee] for callee in self.manifests[name]["calls"]},
            "DATABASE_URL": place.server.dsn(place.database, f"farthing_{name}"),
            "FARTHING_APP_JWKS": f"http://127.0.0.1:{keys}/v1/oauth2/certs",
            "FARTHING_SERVICE_JWKS": str(place.tokens / "jwks.json"),
            "FARTHING_TOKENS": str(place.tokens / name),
            "FARTHING_OPERATOR_TOKEN": OPERATOR,
            "FARTHING_CALLERS": callers,
            "FARTHING_NATS_URL": place.broker,
            "FARTHING_VERSION": self.name,
            "PORT": str(self.inside[name]),
            "PUBLIC_PORT": str(self.outside[name]),
        }

    async def _ready(self, http: httpx2.AsyncClient, name: str) -> bool:
        try:
            return (await http.get(f"http://127.0.0.1:{self.inside[name]}/readyz")).status_code == 200
        except httpx2.TransportError:
            return False

    def _log(self, name: str) -> Path:
        return self._place.folder / f"{self.name}-{name}.log"

    def _origins(self, name: str) -> Path:
        return self._place.folder / f"{self.name}-{name}.files"

    def _ends(self, names: Iterable[str]) -> str:
        return "\n".join(f"{name}: {self._log(name).read_text()[-1500:]}" for name in sorted(names))


def issue_tokens(folder: Path, *both: Manifests) -> None:
    """A token for each edge that either release has, and the key that they are known by."""
    key, now = SigningKey("two-releases", Ed25519PrivateKey.generate()), int(time.time())
    folder.mkdir()
    (folder / "jwks.json").write_text(json.dumps({"keys": [key.public_jwk()]}))
    for caller, callee in {(name, callee) for manifests in both for name, one in manifests.items() for callee in one["calls"]}:
        (folder / caller).mkdir(exist_ok=True)
        (folder / caller / callee).write_text(key.sign({"sub": caller, "aud": callee, "iat": now, "exp": now + _HOUR}))


def callers_in(*both: Manifests) -> dict[str, str]:
    """Who may call whom, in either release."""
    names = {name for manifests in both for name in manifests}
    edges = {(name, callee) for manifests in both for name, one in manifests.items() for callee in one["calls"]}
    return {name: ",".join(sorted(caller for caller, callee in edges if callee == name)) for name in names}
