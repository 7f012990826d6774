"""Every service in a process of its own, as `python -m farthing.<name>`, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import httpx2

from farthing.embedded.cli.facts import dev_tokens
from farthing.embedded.contents import NAMES
from farthing.embedded.database import prepare, role_of
from farthing.embedded.services import MANIFESTS
from farthing.kit.manifest import callers_of
from tests.ports import free_ports
from tests.postgres import PostgresServer

OPERATOR = "operator-of-the-tests"
STORE = ("sandbox-client-id", "sandbox-client-secret")
_STARTING = 90.0  # seconds for eleven processes on two cores


class Apart:
    """The processes and where they listen. `broker`: the URL of NATS, without which events and controls stay where they are.

    `others`: by service, the command of another implementation that serves in its place. `collector`: where spans go.
    """

    def __init__(
        self,
        server: PostgresServer,
        database: str,
        tokens: Path,
        broker: str = "",
        others: Mapping[str, Sequence[str]] | None = None,
        collector: str = "",
    ) -> None:
        ports = free_ports(2 * len(NAMES))
        self.inside = dict(zip(NAMES, ports[::2], strict=True))
        self.outside = dict(zip(NAMES, ports[1::2], strict=True))
        self._server, self._database, self._tokens, self._broker = server, database, tokens, broker
        self._others, self._collector = others or {}, collector
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._bearer = ""

    def start(self) -> None:
        for name in NAMES:
            self.start_one(name, self.inside[name], self.outside[name])

    def start_one(self, name: str, inside: int, outside: int, replica: str = "") -> None:
        """Start a service; `replica` names a further process of the same one."""
        environment = {**os.environ, **self.environment(name), "PORT": str(inside), "PUBLIC_PORT": str(outside)}
        command = self._others.get(name, (sys.executable, "-m", f"farthing.{name}"))
        self.processes[name + replica] = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)

    def environment(self, name: str) -> dict[str, str]:
        manifest = next(one for one in MANIFESTS if one.name == name)
        return {
            **{f"{callee.upper()}_URL": f"http://127.0.0.1:{self.inside[callee]}" for callee in manifest.calls},
            "DATABASE_URL": self._server.dsn(self._database, role_of(name)),
            "FARTHING_APP_JWKS": f"http://127.0.0.1:{self.outside['identity']}/v1/oauth2/certs",
            "FARTHING_SERVICE_JWKS": str(self._tokens / "jwks.json"),
            "FARTHING_TOKENS": str(self._tokens / name),
            "FARTHING_OPERATOR_TOKEN": OPERATOR,
            "FARTHING_CALLERS": ",".join(callers_of(name, MANIFESTS)),
            "FARTHING_NATS_URL": self._broker,
            "FARTHING_NATS_USER": name,
            "FARTHING_NATS_PASSWORD": name,
            "FARTHING_VERSION": f"9.9.9-{name}",
            "OTEL_EXPORTER_OTLP_ENDPOINT": self._collector,
        }

    def wait(self) -> None:
        until = time.monotonic() + _STARTING
        waiting = set(NAMES)
        while waiting:
            assert time.monotonic() < until, f"not ready: {sorted(waiting)}"
            time.sleep(0.2)
            waiting -= {name for name in waiting if self.ready(self.inside[name])}

    def ready(self, port: int) -> bool:
        try:
            return httpx2.get(f"http://127.0.0.1:{port}/readyz", timeout=2).status_code == 200
        except httpx2.TransportError:
            return False

    def stop(self) -> list[int]:
        """Answer the exit codes."""
        for process in self.processes.values():
            process.terminate()
        return [process.wait(timeout=60) for process in self.processes.values()]

    def operate(self, method: str, path: str, **more: object) -> httpx2.Response:
        return self.call("console", method, f"/_farthing{path}", headers={"authorization": f"Bearer {OPERATOR}"}, **more)

    def as_store(self, service: str, method: str, path: str, **more: object) -> httpx2.Response:
        return self.call(service, method, path, headers={**self.bearer(), "prefer": "return=representation"}, **more)

    def bearer(self) -> dict[str, str]:
        """The header with an access token of the store's app."""
        if not self._bearer:
            granted = self.call("identity", "POST", "/v1/oauth2/token", data={"grant_type": "client_credentials"}, auth=STORE)
            self._bearer = granted.json()["access_token"]
        return {"authorization": f"Bearer {self._bearer}"}

    def call(self, service: str, method: str, path: str, **more: object) -> httpx2.Response:
        return self.at(self.outside[service], method, path, **more)

    def at(self, port: int, method: str, path: str, **more: object) -> httpx2.Response:
        return httpx2.request(method, f"http://127.0.0.1:{port}{path}", timeout=60, **more)  # type: ignore[arg-type]

    def order(self, intent: str = "CAPTURE") -> dict[str, str]:
        unit = {"amount": {"currency_code": "USD", "value": "10.00"}}
        made = self.as_store("orders", "POST", "/v2/checkout/orders", json={"intent": intent, "purchase_units": [unit]})
        assert made.status_code == 201, made.text
        return dict(made.json())


@contextlib.contextmanager
def serving(
    server: PostgresServer, tokens: Path, broker: str = "", others: Mapping[str, Sequence[str]] | None = None, collector: str = ""
) -> Iterator[Apart]:
    """All of them over a seeded database of their own, with tokens made in the folder `tokens`; gone at the end."""
    database = server.create_database()
    asyncio.run(prepare(server.dsn(database), seed=True))
    dev_tokens(tokens)
    made = Apart(server, database, tokens, broker, others, collector)
    made.start()
    try:
        made.wait()
        yield made
    finally:
        made.stop()
        server.drop_database(database)
