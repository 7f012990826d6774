"""Ten processes in Python and the processor in TypeScript: nobody else notices, and the books balance."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.broker import NatsServer
from tests.e2e.apart import Apart, serving
from tests.postgres import PostgresServer
from tests.processors import BUILDING, Command, until

pytestmark = [pytest.mark.needs_node, pytest.mark.needs_nats, pytest.mark.timeout(BUILDING + 240)]

VERSION = "9.9.9-processor"


@pytest.fixture(scope="module")
def apart(
    nats_program: Path, postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory, typescript_processor: Command
) -> Iterator[Apart]:
    broker = NatsServer(nats_program, tmp_path_factory.mktemp("broker"))
    broker.start()
    others = {"processor": typescript_processor}
    with serving(postgres_server, tmp_path_factory.mktemp("tokens"), broker.url, others) as made:
        yield made
    broker.kill()


@pytest.fixture
def books(apart: Apart) -> Iterator[dict[str, Any]]:
    """What the audit said before; afterwards it must balance and agree with payments."""
    before = dict(apart.operate("GET", "/ledger/audit").json())
    yield before
    audit = apart.operate("GET", "/ledger/audit").json()
    assert (audit["balanced"], audit["problems"]) == (True, [])


def pay(apart: Apart, intent: str = "CAPTURE", name: str = "Bea Buyer", request_id: str = "") -> httpx2.Response:
    """Create an order that is paid by card at once."""
    unit = {"amount": {"currency_code": "USD", "value": "10.00"}}
    card = {"number": "4012888888881881", "expiry": "2035-12", "security_code": "123", "name": name}
    body = {"intent": intent, "purchase_units": [unit], "payment_source": {"card": card}}
    headers = {**apart.bearer(), "prefer": "return=representation", "paypal-request-id": request_id or f"{time.monotonic_ns()}"}
    return apart.call("orders", "POST", "/v2/checkout/orders", json=body, headers=headers)


def payments_of(order: httpx2.Response) -> dict[str, Any]:
    return dict(order.json()["purchase_units"][0]["payments"])


def served(apart: Apart, operation: str, status: int = 200) -> float:
    """How many requests the processor says it has answered."""
    text = apart.at(apart.inside["processor"], "GET", "/metrics").text
    labels = f'{{service="processor",version="{VERSION}",operation="{operation}",status="{status}"}}'
    lines = [line for line in text.splitlines() if line.startswith(f"http_server_request_duration_seconds_count{labels}")]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


def test_it_is_the_one_in_typescript_and_the_console_counts_it_in(apart: Apart) -> None:
    assert "processor-typescript/dist/main.js" in str(apart.processes["processor"].args)
    health = apart.call("console", "GET", "/_farthing/health").json()
    assert health["components"]["processor"] == {"status": "up", "version": VERSION}


def test_a_card_is_charged_and_refunded(apart: Apart, books: dict[str, Any]) -> None:
    order = pay(apart)
    assert (order.status_code, order.json()["status"]) == (201, "COMPLETED"), order.text
    [capture] = payments_of(order)["captures"]
    assert capture["status"] == "COMPLETED"
    response = capture["processor_response"]
    assert (response["response_code"], response["avs_code"], response["cvv_code"]) == ("0000", "Y", "M")
    refund = apart.as_store("payments", "POST", f"/v2/payments/captures/{capture['id']}/refund", json={})
    assert (refund.status_code, refund.json()["status"]) == (201, "COMPLETED"), refund.text
    assert (served(apart, "processor.charge"), served(apart, "processor.refund")) == (1, 1)
    assert apart.operate("GET", "/ledger/audit").json()["captures"] == books["captures"] + 1


def test_an_authorization_is_captured_in_part_and_the_rest_let_go(apart: Apart, books: dict[str, Any]) -> None:
    order = pay(apart, "AUTHORIZE")
    [authorization] = payments_of(order)["authorizations"]
    path = f"/v2/payments/authorizations/{authorization['id']}/capture"
    part = apart.as_store("payments", "POST", path, json={"amount": {"currency_code": "USD", "value": "4.00"}})
    assert (part.status_code, part.json()["status"]) == (201, "COMPLETED"), part.text
    void = apart.as_store("payments", "POST", f"/v2/payments/authorizations/{authorization['id']}/void", json={})
    assert void.status_code in {200, 204}, void.text
    assert (served(apart, "processor.authorize"), served(apart, "processor.capture"), served(apart, "processor.void")) == (1, 1, 1)
    assert apart.operate("GET", "/ledger/audit").json()["captures"] == books["captures"] + 1


def test_a_declined_card_moves_no_money(apart: Apart, books: dict[str, Any]) -> None:
    order = pay(apart, name="CCREJECT-IF")
    [capture] = payments_of(order)["captures"]
    assert (capture["status"], capture["processor_response"]["response_code"]) == ("DECLINED", "5120"), order.text
    assert apart.operate("GET", "/ledger/audit").json()["transfers"] == books["transfers"]


def plant(apart: Apart, operation: str, kind: str, **more: object) -> None:
    planted = apart.operate("POST", "/faults", json={"operation": operation, "kind": kind, **more})
    assert planted.status_code == 201, planted.text


def test_what_became_of_a_lost_answer_is_asked_for(apart: Apart, books: dict[str, Any]) -> None:
    plant(apart, "processor.charge", "lost_response", times=2)
    asked = served(apart, "processor.outcome")
    order = pay(apart)
    assert (order.status_code, order.json()["status"]) == (201, "COMPLETED"), order.text
    assert (served(apart, "processor.charge", 499), served(apart, "processor.outcome")) == (2, asked + 1)
    [rule] = apart.operate("GET", "/faults").json()["faults"]
    assert (rule["hits"], rule["remaining"]) == (2, 0)
    assert apart.operate("DELETE", "/faults").status_code == 204
    assert apart.operate("GET", "/ledger/audit").json()["captures"] == books["captures"] + 1


def test_a_payment_that_was_interrupted_after_the_charge_is_finished_later(apart: Apart, books: dict[str, Any]) -> None:
    plant(apart, "processor.charge", "lost_response", times=1)
    plant(apart, "ledger.post", "error", status=503)
    unknown = pay(apart, request_id="later")
    assert (unknown.status_code, unknown.headers["retry-after"]) == (503, "1"), unknown.text
    assert apart.operate("GET", "/ledger/audit").json()["captures"] == books["captures"]
    assert apart.operate("DELETE", "/faults").status_code == 204
    finish_once(apart, books, "later")


def test_a_payment_whose_processor_is_killed_is_finished_by_the_next_one(apart: Apart, books: dict[str, Any]) -> None:
    plant(apart, "processor.charge", "latency", milliseconds=60_000, times=1)
    with ThreadPoolExecutor(1) as thread:
        paying = thread.submit(pay, apart, request_id="killed")
        until(lambda: apart.operate("GET", "/faults").json()["faults"][0]["hits"] == 1)
        apart.processes["processor"].kill()
        assert apart.processes["processor"].wait() == -signal.SIGKILL
        assert paying.result().status_code == 503
    assert apart.operate("DELETE", "/faults").status_code == 204
    apart.start_one("processor", apart.inside["processor"], apart.outside["processor"])
    until(lambda: apart.ready(apart.inside["processor"]))
    finish_once(apart, books, "killed")


def finish_once(apart: Apart, books: dict[str, Any], request_id: str) -> None:
    """The same request again, twice, is one payment."""
    orders = [pay(apart, request_id=request_id).json() for _ in range(2)]
    assert [order["status"] for order in orders] == ["COMPLETED", "COMPLETED"]
    assert orders[0]["id"] == orders[1]["id"]
    assert apart.operate("GET", "/ledger/audit").json()["captures"] == books["captures"] + 1


def test_payments_go_on_while_the_operator_moves_the_clock(apart: Apart, books: dict[str, Any]) -> None:
    assert apart.operate("POST", "/clock/freeze").json()["frozen"] is True
    moved = apart.operate("POST", "/clock/advance", json={"by": "P3D"})
    assert moved.status_code == 200, moved.text
    order = pay(apart)
    assert order.json()["status"] == "COMPLETED", order.text
    assert apart.operate("POST", "/clock/unfreeze").json()["frozen"] is False


def test_every_process_ends_well(apart: Apart) -> None:
    assert set(apart.stop()) == {0}
