"""Eleven processes and no broker: the same checkout, over HTTP, with tokens from files. Events wait, and nobody's clock is moved."""

from __future__ import annotations

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
    health = apart.call("console", "GET", "/_farthing/health").json()
    assert {name: one["version"] for name, one in health["components"].items()} == {name: f"9.9.9-{name}" for name in apart.inside}
    assert set(apart.stop()) == {0}
