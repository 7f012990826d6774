"""Eleven processes and no broker: the same checkout, over HTTP, with tokens from files. Events wait, and nobody's clock is moved."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.e2e.apart import Apart, serving
from tests.postgres import PostgresServer


@pytest.fixture
def apart(postgres_server: PostgresServer, tmp_path: Path) -> Iterator[Apart]:
    with serving(postgres_server, tmp_path / "tokens") as made:
        yield made


@pytest.mark.timeout(180)
def test_a_checkout_through_eleven_processes(apart: Apart) -> None:
    order = apart.order()
    approved = apart.operate("POST", f"/orders/{order['id']}/approve", json={"buyer": "buyer@example.com"})
    assert (approved.status_code, approved.json()["status"]) == (200, "APPROVED"), approved.text
    paid = apart.as_store("orders", "POST", f"/v2/checkout/orders/{order['id']}/capture", json={})
    assert (paid.status_code, paid.json()["status"]) == (201, "COMPLETED"), paid.text
    capture = paid.json()["purchase_units"][0]["payments"]["captures"][0]["id"]
    refund = apart.as_store("payments", "POST", f"/v2/payments/captures/{capture}/refund", json={})
    assert (refund.status_code, refund.json()["status"]) == (201, "COMPLETED"), refund.text
    audit = apart.operate("GET", "/ledger/audit").json()
    assert (audit["balanced"], audit["problems"], audit["captures"]) == (True, [], 1)
    for method, path in (("POST", "/reset"), ("GET", "/snapshots"), ("GET", "/requests"), ("POST", "/clock/freeze"), ("DELETE", "/faults")):
        assert apart.operate(method, path).status_code == 501
    assert apart.call("console", "GET", "/_farthing/clock").status_code == 401
    nobody = httpx2.get(f"http://127.0.0.1:{apart.inside['ledger']}/internal/v1/balances/STRE7X2KQ4M9W")
    assert nobody.status_code == 401
    assert b'version="9.9.9-ledger"' in httpx2.get(f"http://127.0.0.1:{apart.inside['ledger']}/metrics").content
    _accounts_are_made_by_consoles_commands(apart)
    health = apart.call("console", "GET", "/_farthing/health").json()
    assert {name: one["version"] for name, one in health["components"].items()} == {name: f"9.9.9-{name}" for name in apart.inside}
    assert set(apart.stop()) == {0}


def _accounts_are_made_by_consoles_commands(apart: Apart) -> None:
    """As in live mode, which has no control API."""
    made = _console(apart, "create-account", "shop@example.org", "--kind", "business", password="a long and honest password\n")
    assert (made.returncode, made.stdout.split()[1:]) == (0, ["shop@example.org", "(business)"]), made.stderr
    issued = _console(apart, "create-app", "shop@example.org")
    words = dict(line.rsplit(maxsplit=1) for line in issued.stdout.splitlines())
    app = (words["client id"], words["client secret"])
    granted = apart.call("identity", "POST", "/v1/oauth2/token", data={"grant_type": "client_credentials"}, auth=app)
    assert granted.status_code == 200, granted.text
    for arguments, password, code, said in (
        (("create-account", "shop@example.org"), "another long password\n", 1, "EMAIL_TAKEN"),
        (("create-account", "nobody"), "a long and honest password\n", 2, "email is 'nobody'"),
        (("create-account", "two@example.org", "--kind", "bank"), "", 2, "argument --kind: invalid choice: 'bank'"),
        (("create-app", "nobody@example.org"), "", 1, "ACCOUNT_NOT_FOUND"),
        (("create-bank",), "", 2, "'create-bank' is no command: use serve or migrate or create-account or create-app"),
    ):
        refused = _console(apart, *arguments, password=password)
        assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (code, "", 1), refused.stderr
        assert refused.stderr.startswith("console: ")
        assert said in refused.stderr


def _console(apart: Apart, *arguments: str, password: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **apart.environment("console")}
    command = [sys.executable, "-m", "farthing.console", *arguments]
    return subprocess.run(command, env=environment, input=password, capture_output=True, text=True, check=False, timeout=60)
