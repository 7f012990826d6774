"""Eleven processes and a broker: events arrive, the clock moves everywhere, a fault strikes in the process that serves."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from tests.broker import NatsServer
from tests.e2e.apart import Apart, serving
from tests.e2e.collector import Collector, collecting
from tests.ports import free_ports
from tests.postgres import PostgresServer

pytestmark = [pytest.mark.needs_nats, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def broker(nats_program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    server = NatsServer(nats_program, tmp_path_factory.mktemp("broker"))
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as found:
        yield found


@pytest.fixture(scope="module")
def apart(
    broker: NatsServer, collector: Collector, postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Apart]:
    with serving(postgres_server, tmp_path_factory.mktemp("tokens"), broker.url, collector=collector.url) as made:
        yield made


@pytest.fixture
def deliveries() -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """A merchant's server: its URL, and what came."""
    found: list[tuple[dict[str, str], bytes]] = []

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            found.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", found
    server.shutdown()
    server.server_close()


def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.1)


def test_a_checkout_is_told_to_the_store_signed(apart: Apart, deliveries: tuple[str, list[tuple[dict[str, str], bytes]]]) -> None:
    url, found = deliveries
    types = [{"name": "CHECKOUT.ORDER.APPROVED"}, {"name": "PAYMENT.CAPTURE.COMPLETED"}]
    hook = apart.as_store("webhooks", "POST", "/v1/notifications/webhooks", json={"url": url, "event_types": types})
    assert hook.status_code == 201, hook.text
    order = apart.order()
    assert apart.operate("POST", f"/orders/{order['id']}/approve").status_code == 200
    assert apart.as_store("orders", "POST", f"/v2/checkout/orders/{order['id']}/capture", json={}).status_code == 201
    until(lambda: len(found) >= 2)
    time.sleep(1)
    assert sorted(httpx2.Response(200, content=body).json()["event_type"] for _, body in found) == [one["name"] for one in types]
    for headers, body in found:
        names = ("auth_algo", "cert_url", "transmission_id", "transmission_sig", "transmission_time")
        facts = {name: headers["paypal-" + name.replace("_", "-")] for name in names}
        message = {**facts, "webhook_id": hook.json()["id"], "webhook_event": httpx2.Response(200, content=body).json()}
        verdict = apart.as_store("webhooks", "POST", "/v1/notifications/verify-webhook-signature", json=message)
        assert verdict.json() == {"verification_status": "SUCCESS"}


def is_whole(collector: Collector, debug_id: str) -> bool:
    """Whether the spans of a capture have come from all processes, each of which sends its own when it likes."""
    spans = {one.id: one for one in collector.spans if one.trace.startswith(debug_id)}
    servers = {one.service for one in spans.values() if one.kind == "SERVER"}
    return {"orders", "payments", "ledger"} <= servers and all(not one.parent or one.parent in spans for one in spans.values())


def test_a_checkout_is_traced_through_the_processes_and_the_broker_to_the_store(
    apart: Apart, collector: Collector, deliveries: tuple[str, list[tuple[dict[str, str], bytes]]]
) -> None:
    url, found = deliveries
    hook = {"url": url, "event_types": [{"name": "PAYMENT.CAPTURE.COMPLETED"}]}
    assert apart.as_store("webhooks", "POST", "/v1/notifications/webhooks", json=hook).status_code == 201
    order = apart.order()
    assert apart.operate("POST", f"/orders/{order['id']}/approve").status_code == 200
    path, headers = f"/v2/checkout/orders/{order['id']}/capture", apart.bearer() | {"farthing-trace": "1"}
    captured = apart.call("orders", "POST", path, json={}, headers=headers)
    assert captured.status_code == 201
    debug_id = captured.headers["paypal-debug-id"]
    until(lambda: any(one.kind == "CLIENT" and one.name == "POST" and one.trace.startswith(debug_id) for one in collector.spans))
    until(lambda: is_whole(collector, debug_id))
    spans = {one.id: one for one in collector.spans if one.trace.startswith(debug_id)}
    assert {one.facts.get("farthing.order_id") for one in spans.values() if one.kind == "SERVER"} == {order["id"]}
    assert ("webhooks", "INSERT inbox") in {(one.service, one.name) for one in spans.values()}
    post = next(one for one in spans.values() if one.kind == "CLIENT" and one.name == "POST")
    way = [post]
    while way[-1].parent in spans:
        way.append(spans[way[-1].parent])
    name = "PAYMENT.CAPTURE.COMPLETED"
    assert [(one.service, one.name) for one in way] == [
        ("webhooks", "POST"),
        ("webhooks", f"process {name}"),
        ("webhooks", f"receive {name}"),
        ("payments", f"send {name}"),
        ("payments", "payments.pay"),
        ("orders", "POST payments"),
        ("orders", "orders.capture"),
    ]
    assert len(found) == 1


def test_the_clock_moves_in_every_process_and_due_work_is_done_on_the_way(apart: Apart) -> None:
    order = apart.order("AUTHORIZE")
    assert apart.operate("POST", f"/orders/{order['id']}/approve").status_code == 200
    held = apart.as_store("orders", "POST", f"/v2/checkout/orders/{order['id']}/authorize", json={})
    assert held.status_code == 201, held.text
    authorization = held.json()["purchase_units"][0]["payments"]["authorizations"][0]["id"]
    assert apart.operate("POST", "/clock/freeze").json()["frozen"] is True
    moved = apart.operate("POST", "/clock/advance", json={"by": "P30D"})
    assert moved.status_code == 200, moved.text
    shown = apart.as_store("payments", "GET", f"/v2/payments/authorizations/{authorization}").json()
    assert shown["status"] == "VOIDED"
    assert apart.order()["create_time"] == moved.json()["now"]
    assert apart.operate("POST", "/clock/unfreeze").json()["frozen"] is False


def test_a_fault_strikes_as_often_as_it_may_over_two_replicas_and_a_new_one_knows_it(apart: Apart) -> None:
    inside, outside = free_ports(2)
    fault = {"operation": "orders.create", "kind": "error", "status": 503, "times": 7}
    planted = apart.operate("POST", "/faults", json=fault)
    assert planted.status_code == 201, planted.text
    apart.start_one("orders", inside, outside, "2")
    until(lambda: apart.ready(inside))
    body = {"intent": "CAPTURE", "purchase_units": [{"amount": {"currency_code": "USD", "value": "10.00"}}]}
    bearer = apart.bearer()

    def create(number: int) -> int:
        port = (apart.outside["orders"], outside)[number % 2]
        return apart.at(port, "POST", "/v2/checkout/orders", json=body, headers=bearer).status_code

    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(create, range(40)))
    assert (statuses.count(503), statuses.count(200) + statuses.count(201)) == (7, 33)
    assert 0 < sum(status == 503 for status in statuses[::2]) < 40
    [rule] = apart.operate("GET", "/faults").json()["faults"]
    assert (rule["hits"], rule["remaining"]) == (7, 0)
    assert apart.operate("DELETE", "/faults").status_code == 204
    process = apart.processes.pop("orders2")
    process.terminate()
    assert process.wait(30) == 0


def test_an_order_is_approved_by_a_rule_of_the_console(apart: Apart) -> None:
    assert apart.operate("PUT", "/auto-approve", json={"buyer": "buyer@example.com"}).status_code == 200
    assert apart.order()["status"] == "APPROVED"
    assert apart.operate("DELETE", "/auto-approve").status_code == 204
    assert apart.order()["status"] == "CREATED"


def test_while_the_broker_is_away_payments_go_on_and_what_happened_is_told_afterwards(
    apart: Apart, broker: NatsServer, deliveries: tuple[str, list[tuple[dict[str, str], bytes]]]
) -> None:
    url, found = deliveries
    types = [{"name": "PAYMENT.CAPTURE.COMPLETED"}]
    assert apart.as_store("webhooks", "POST", "/v1/notifications/webhooks", json={"url": url, "event_types": types}).status_code == 201
    broker.kill()
    order = apart.order()
    assert apart.operate("POST", f"/orders/{order['id']}/approve").status_code == 200
    assert apart.as_store("orders", "POST", f"/v2/checkout/orders/{order['id']}/capture", json={}).status_code == 201
    assert {name: apart.at(port, "GET", "/readyz").status_code for name, port in apart.inside.items()} == dict.fromkeys(apart.inside, 200)
    assert apart.operate("POST", "/clock/freeze").status_code == 503
    broker.start()
    until(lambda: len(found) >= 1, 40)
    until(lambda: apart.operate("POST", "/clock/unfreeze").status_code == 200)
    assert apart.operate("GET", "/ledger/audit").json()["balanced"] is True


def test_a_process_that_cannot_know_what_the_operator_did_is_not_ready(apart: Apart) -> None:
    inside, outside = free_ports(2)
    [unreachable] = free_ports(1)
    known, apart._broker = apart._broker, f"nats://127.0.0.1:{unreachable}"
    apart.start_one("ledger", inside, outside, "2")
    apart._broker = known

    def alive() -> bool:
        try:
            return apart.at(inside, "GET", "/livez").status_code == 200
        except httpx2.TransportError:
            return False

    until(alive)
    time.sleep(2)
    answer = apart.at(inside, "GET", "/readyz")
    assert answer.status_code == 503
    assert "operator" in answer.json()["message"]
    process = apart.processes.pop("ledger2")
    process.terminate()
    assert process.wait(30) == 0
