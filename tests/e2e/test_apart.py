"""Every service in a process of its own, as `python -m farthing.<name>`: the same checkout, over HTTP, with tokens from files.

Events between processes come with the broker; until then each outbox waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from farthing.embedded.cli.facts import dev_tokens
from farthing.embedded.contents import NAMES
from farthing.embedded.database import prepare, role_of
from farthing.embedded.services import MANIFESTS
from farthing.kit.manifest import callers_of
from tests.postgres import PostgresServer

OPERATOR = "operator-of-the-tests"
_STARTING = 60.0  # seconds for eleven processes on two cores


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        return [stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1] for _ in range(count)]


class Apart:
    """The processes and where they listen."""

    def __init__(self, server: PostgresServer, database: str, tokens: Path) -> None:
        ports = free_ports(2 * len(NAMES))
        self.inside = dict(zip(NAMES, ports[::2], strict=True))
        self.outside = dict(zip(NAMES, ports[1::2], strict=True))
        self._server, self._database, self._tokens = server, database, tokens
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        for manifest in MANIFESTS:
            environment = {
                **os.environ,
                **{f"{callee.upper()}_URL": f"http://127.0.0.1:{self.inside[callee]}" for callee in manifest.calls},
                "DATABASE_URL": self._server.dsn(self._database, role_of(manifest.name)),
                "FARTHING_APP_JWKS": f"http://127.0.0.1:{self.outside['identity']}/v1/oauth2/certs",
                "FARTHING_SERVICE_JWKS": str(self._tokens / "jwks.json"),
                "FARTHING_TOKENS": str(self._tokens / manifest.name),
                "FARTHING_OPERATOR_TOKEN": OPERATOR,
                "FARTHING_CALLERS": ",".join(callers_of(manifest.name, MANIFESTS)),
                "PORT": str(self.inside[manifest.name]),
                "PUBLIC_PORT": str(self.outside[manifest.name]),
            }
            self._processes.append(
                subprocess.Popen([sys.executable, "-m", f"farthing.{manifest.name}"], env=environment, stderr=subprocess.DEVNULL)
            )

    def wait(self) -> None:
        until = time.monotonic() + _STARTING
        waiting = set(NAMES)
        while waiting:
            assert time.monotonic() < until, f"not ready: {sorted(waiting)}"
            time.sleep(0.2)
            waiting -= {name for name in waiting if self._ready(name)}

    def _ready(self, name: str) -> bool:
        try:
            return httpx2.get(f"http://127.0.0.1:{self.inside[name]}/readyz", timeout=2).status_code == 200
        except httpx2.TransportError:
            return False

    def stop(self) -> list[int]:
        """Answer the exit codes."""
        for process in self._processes:
            process.terminate()
        return [process.wait(timeout=30) for process in self._processes]

    def operate(self, method: str, path: str, **more: object) -> httpx2.Response:
        return self.call("console", method, f"/_farthing{path}", headers={"authorization": f"Bearer {OPERATOR}"}, **more)

    def call(self, service: str, method: str, path: str, **more: object) -> httpx2.Response:
        return httpx2.request(method, f"http://127.0.0.1:{self.outside[service]}{path}", timeout=30, **more)  # type: ignore[arg-type]


@pytest.fixture
def apart(postgres_server: PostgresServer, tmp_path: Path) -> Iterator[Apart]:
    database = postgres_server.create_database()
    asyncio.run(prepare(postgres_server.dsn(database), seed=True))
    dev_tokens(tmp_path / "tokens")
    made = Apart(postgres_server, database, tmp_path / "tokens")
    made.start()
    try:
        made.wait()
        yield made
    finally:
        made.stop()
        postgres_server.drop_database(database)


@pytest.mark.timeout(180)
def test_a_checkout_through_eleven_processes(apart: Apart) -> None:
    app = ("sandbox-client-id", "sandbox-client-secret")
    granted = apart.call(
        "identity",
        "POST",
        "/v1/oauth2/token",
        data={"grant_type": "client_credentials"},
        auth=app,
    )
    bearer = {"authorization": f"Bearer {granted.json()['access_token']}", "prefer": "return=representation"}
    unit = {"amount": {"currency_code": "USD", "value": "10.00"}}
    order = apart.call("orders", "POST", "/v2/checkout/orders", json={"intent": "CAPTURE", "purchase_units": [unit]}, headers=bearer).json()
    approved = apart.operate("POST", f"/orders/{order['id']}/approve", json={"buyer": "buyer@example.com"})
    assert (approved.status_code, approved.json()["status"]) == (200, "APPROVED"), approved.text
    paid = apart.call("orders", "POST", f"/v2/checkout/orders/{order['id']}/capture", json={}, headers=bearer)
    assert (paid.status_code, paid.json()["status"]) == (201, "COMPLETED"), paid.text
    capture = paid.json()["purchase_units"][0]["payments"]["captures"][0]["id"]
    refund = apart.call("payments", "POST", f"/v2/payments/captures/{capture}/refund", json={}, headers=bearer)
    assert (refund.status_code, refund.json()["status"]) == (201, "COMPLETED"), refund.text
    audit = apart.operate("GET", "/ledger/audit").json()
    assert (audit["balanced"], audit["problems"], audit["captures"]) == (True, [], 1)
    for method, path in (("POST", "/reset"), ("GET", "/snapshots"), ("GET", "/requests")):
        assert apart.operate(method, path).status_code in {200, 501}
    nobody = httpx2.get(f"http://127.0.0.1:{apart.inside['ledger']}/internal/v1/balances/STRE7X2KQ4M9W")
    assert nobody.status_code == 401
    assert b"http_server_request_duration_seconds" in httpx2.get(f"http://127.0.0.1:{apart.inside['ledger']}/metrics").content
    assert set(apart.stop()) == {0}
