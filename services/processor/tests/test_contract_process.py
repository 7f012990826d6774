"""What the platform around a process of processor relies on, in whichever language it is written (see conftest)."""

from __future__ import annotations

import asyncio
import http.client
import re
import socket
import time
from typing import TYPE_CHECKING

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from prometheus_client.parser import text_string_to_metric_families

from farthing.clients.processor.models import Card, CardRequest
from farthing.kit.auth import SigningKey
from tests.ports import free_ports
from tests.processors import Command, Ground, ProcessorProcess, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.processor_contract import Reach

OUTCOMES = "/internal/v1/outcomes/nobody"
CARD = {"token": "TOKEN-7", "brand": "VISA", "last_digits": "1881", "expiry": "2035-12"}
BODY = {"card": CARD, "amount": 1000, "currency": "USD", "reference": "Bea Buyer"}


def ask(served: ProcessorProcess, token: str | None, path: str = OUTCOMES, **headers: str) -> httpx2.Response:
    bearer = {} if token is None else {"authorization": f"Bearer {token}"}
    return httpx2.get(f"{served.url}{path}", headers={**bearer, **headers}, timeout=20)


class TestCallers:
    @pytest.mark.parametrize(
        ("claims", "status", "name"),
        [
            ({}, 404, "RESOURCE_NOT_FOUND"),
            ({"subject": "console"}, 404, "RESOURCE_NOT_FOUND"),
            ({"subject": "orders"}, 403, "NOT_AUTHORIZED"),
            ({"audience": "ledger"}, 401, "AUTHENTICATION_FAILURE"),
            ({"seconds": -31}, 401, "AUTHENTICATION_FAILURE"),
            ({"seconds": -5}, 404, "RESOURCE_NOT_FOUND"),
        ],
    )
    def test_a_token_is_for_an_audience_from_a_caller_and_for_a_time(
        self, served: ProcessorProcess, ground: Ground, claims: dict[str, object], status: int, name: str
    ) -> None:
        token = ground.token(**claims)  # type: ignore[arg-type]
        for _ in range(2):  # the second time it may be remembered
            answer = ask(served, token)
            assert (answer.status_code, answer.json()["name"]) == (status, name)

    def test_a_stranger_s_signature_a_broken_token_and_none(self, served: ProcessorProcess, ground: Ground) -> None:
        genuine = ground.token()
        forged = ground.token(key=SigningKey("callers", Ed25519PrivateKey.generate()))
        for token in (forged, genuine[:-8], "a.b.c", None):
            answer = ask(served, token)
            assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token"), token
        assert ask(served, ground.token(seconds=-60)).json()["error_description"] == "Access Token has expired"

    def test_a_new_key_is_learned_and_health_needs_a_caller(self, served: ProcessorProcess, ground: Ground, key: str) -> None:
        new = SigningKey(key, Ed25519PrivateKey.generate())
        assert ask(served, ground.token(key=new)).status_code == 401
        ground.trust(ground.key, new)
        time.sleep(1.1)  # the source is asked once a second at most
        assert ask(served, ground.token(key=new)).status_code == 404
        assert ask(served, ground.token()).status_code == 404
        assert ask(served, None, "/internal/v1/health").status_code == 401
        health = ask(served, ground.token(subject="console"), "/internal/v1/health").json()
        assert health == {"status": "up", "version": "9.9.9-contract", "operations": []}

    def test_a_subject_has_its_prefix(self, command: Command, ground: Ground) -> None:
        process = ground.serve(command, FARTHING_SERVICE_SUBJECT_PREFIX="system:farthing-")
        assert ask(process, ground.token(subject="system:farthing-payments")).status_code == 404
        assert ask(process, ground.token(subject="payments")).status_code == 401
        assert process.stop() == 0

    def test_nothing_internal_is_public(self, served: ProcessorProcess) -> None:
        for path in (OUTCOMES, "/livez", "/metrics", "/"):
            assert served.get(path, served.outside)[0] == 404


METRICS = {
    "http_server_request_duration_seconds": "histogram",
    "farthing_outbox_oldest_age_seconds": "gauge",
    "db_client_connection_count": "gauge",
    "farthing_jobs": "counter",
    "farthing_dead_letters": "counter",
    "farthing_dependency_info": "gauge",
    "process_cpu_seconds": "counter",
    "process_resident_memory_bytes": "gauge",
    "process_virtual_memory_bytes": "gauge",
    "process_start_time_seconds": "gauge",
    "process_open_fds": "gauge",
    "process_max_fds": "gauge",
}


class TestTelemetry:
    def test_the_trace_is_the_caller_s_and_the_debug_id_its_beginning(self, served: ProcessorProcess, ground: Ground) -> None:
        trace = "0af7651916cd43dd8448eb211c80319c"
        answer = ask(served, ground.token(), traceparent=f"00-{trace}-b7ad6b7169203331-00")
        assert answer.headers["paypal-debug-id"] == trace[:13] == answer.json()["debug_id"]
        assert re.fullmatch("[0-9a-f]{13}", ask(served, ground.token(), traceparent="nonsense").headers["paypal-debug-id"])

    def test_metrics_have_the_names_and_labels_of_every_service(self, served: ProcessorProcess, ground: Ground) -> None:
        ask(served, ground.token())
        ask(served, None, "/nothing")
        status, headers, text = served.get("/metrics")
        assert (status, headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
        families = {family.name: family for family in text_string_to_metric_families(text.decode())}
        types = {name: family.type for name, family in families.items() if not name.startswith("nodejs_")}
        assert types.items() >= METRICS.items()
        assert [name for name in types if name not in METRICS and not name.startswith("process_")] == []
        asked = {"service": "processor", "version": "9.9.9-contract", "operation": "processor.outcome", "status": "404"}
        samples = families["http_server_request_duration_seconds"].samples
        bounds = [one.labels["le"] for one in samples if one.name.endswith("_bucket") and asked.items() <= one.labels.items()]
        assert bounds == ["0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "10.0", "+Inf"]
        [total] = [one.value for one in samples if one.name.endswith("_count") and one.labels == asked]
        assert total >= 1
        assert {**asked, "operation": "unknown"} in [one.labels for one in samples]
        states = [one.labels for one in families["db_client_connection_count"].samples]
        assert states == [{"service": "processor", "state": state} for state in ("idle", "used")]

    def test_logs_are_lines_of_json_without_anybody_s_data(self, served: ProcessorProcess, ground: Ground, key: str) -> None:
        headers = {"authorization": f"Bearer {ground.token()}", "idempotency-key": key}
        good, answer = (
            httpx2.post(f"{served.url}/internal/v1/charges", json=body, headers=headers, timeout=20)
            for body in (BODY, {**BODY, "currency": "Bea Buyer"})
        )
        assert good.status_code == 200
        [line] = [line for line in served.logs() if line.get("debug_id") == answer.headers["paypal-debug-id"]]
        assert {name: line[name] for name in ("level", "event", "service", "version", "operation", "status")} == {
            "level": "info",
            "event": "request.served",
            "service": "processor",
            "version": "9.9.9-contract",
            "operation": "processor.charge",
            "status": 400,
        }
        assert line["milliseconds"] > 0
        said = re.sub(r"\b[0-9a-f]{5,32}\b", "", served.errors.read_text())  # ids and parts of seconds have any digits
        assert [word for word in ("Bea", "Buyer", "TOKEN-7", "1881", "2035-12", ground.token()[:20]) if word in said] == []


class TestLife:
    def test_the_steps_of_an_end(self, command: Command, ground: Ground) -> None:
        """Not ready and closing connections while it drains; then no listener, but the request in flight is answered; exit 0."""
        process = ground.serve(command, FARTHING_DRAIN_SECONDS="3")
        status, headers, _ = process.get("/readyz")
        assert (status, headers.get("connection", "keep-alive")) == (200, "keep-alive")
        with socket.create_connection(("127.0.0.1", process.inside), timeout=20) as slow:
            body = b'{"original": "nobody"}'
            head = f"host: x\r\nauthorization: Bearer {ground.token()}\r\nidempotency-key: {process.inside}\r\ncontent-length: {len(body)}"
            slow.sendall(f"POST /internal/v1/voids HTTP/1.1\r\n{head}\r\n\r\n".encode() + body[:5])
            process.process.terminate()
            until(lambda: process.answers("/readyz", 503))
            status, headers, _ = process.get("/livez")
            assert (status, headers["connection"]) == (200, "close")
            until(lambda: not process.answers("/livez"))
            assert process.process.poll() is None
            slow.sendall(body[5:])
            answer = http.client.HTTPResponse(slow)
            answer.begin()
            assert (answer.status, answer.getheader("connection"), b'"1312"' in answer.read()) == (200, "close", True)
        assert process.process.wait(30) == 0
        assert process.logs()[-1]["event"] == "service.stopped"

    def test_it_waits_for_its_database_alive_and_not_ready(self, command: Command, ground: Ground) -> None:
        [nobody] = free_ports(1)
        process = ground.start(command, PROCESSOR_DATABASE_URL=f"postgresql://postgres@127.0.0.1:{nobody}/x")
        until(lambda: process.answers("/livez"))
        status, headers, body = process.get("/readyz")
        assert (status, headers["retry-after"], b"This process is starting." in body) == (503, "1", True)
        assert ask(process, ground.token()).status_code == 503
        assert process.stop() == 0

    def test_it_is_not_ready_before_it_knows_what_the_operator_did(self, command: Command, ground: Ground) -> None:
        [nobody] = free_ports(1)
        process = ground.start(command, FARTHING_NATS_URL=f"nats://127.0.0.1:{nobody}")
        until(lambda: process.answers("/livez") and any(line["event"] == "service.started" for line in process.logs()))
        status, _, body = process.get("/readyz")
        assert (status, b"what the operator did" in body) == (503, True)
        assert process.stop() == 0

    def test_it_is_not_ready_before_it_knows_the_keys_of_tokens(self, command: Command, ground: Ground, tmp_path: Path) -> None:
        place = tmp_path / "keys-to-come.json"
        process = ground.start(command, FARTHING_SERVICE_JWKS=str(place))
        until(lambda: any("keys of service tokens" in line.get("reason", "") for line in process.logs()))
        status, _, body = process.get("/readyz")
        assert (status, b"This process is starting." in body) == (503, True)
        place.write_bytes(ground.jwks.read_bytes())
        until(lambda: process.get("/readyz")[0] == 200)
        assert ask(process, ground.token()).status_code == 404
        assert process.stop() == 0

    def test_without_a_broker_there_is_no_operator(self, command: Command, ground: Ground) -> None:
        process = ground.serve(command, FARTHING_NATS_URL="")
        work = httpx2.post(f"{process.url}/internal/v1/work/drain", headers={"authorization": f"Bearer {ground.token()}"}, timeout=20)
        assert work.json() == {"done": 0}
        assert process.stop() == 0

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"DATABASE_URL": ""}, "processor: DATABASE_URL (or PROCESSOR_DATABASE_URL) is not set: "),
            ({"FARTHING_SERVICE_JWKS": ""}, "processor: FARTHING_SERVICE_JWKS is not set: "),
            ({"FARTHING_MODE": "test"}, "processor: FARTHING_MODE is 'test': use sandbox or live"),
            ({"FARTHING_DRAIN_SECONDS": "-1"}, "processor: FARTHING_DRAIN_SECONDS is '-1': use a number that is not negative"),
            ({"FARTHING_LOG_REQUESTS": "yes"}, "processor: FARTHING_LOG_REQUESTS is 'yes': use 0 or 1"),
            ({"FARTHING_NATS_PASSWORD_FILE": "/nowhere"}, "processor: FARTHING_NATS_PASSWORD_FILE: /nowhere cannot be read ("),
            ({"HOST": "192.0.2.1"}, "processor: cannot listen on 192.0.2.1:"),
        ],
    )
    def test_a_wrong_setting_is_one_line(self, command: Command, ground: Ground, change: dict[str, str], said: str) -> None:
        process = ground.start(command, **change)
        assert process.process.wait(60) == 2
        text = process.errors.read_text()
        assert text.startswith(said)
        assert text.count("\n") == 1


@pytest.mark.needs_nats
@pytest.mark.needs_node
class TestSideBySide:
    """While one implementation takes the other's place, both serve."""

    async def test_what_one_did_the_other_knows(self, reach: Reach, key: str) -> None:
        pair = [(await reach(name)).client for name in ("python", "typescript")]
        card = Card(token="T", brand="VISA", last_digits="1881", expiry="2035-12")
        request = CardRequest(card=card, amount=1000, currency="USD", reference="R ü 字")
        for number, (one, other) in enumerate((pair, pair[::-1])):
            made = await one.charge(request, key=f"{key}-{number}")
            assert await other.charge(request, key=f"{key}-{number}") == made == await other.outcome(f"{key}-{number}")
            refund = await other.refund(f"{key}-{number}", 1000, "USD", key=f"{key}-{number}r")
            assert refund.approved
            assert await one.refund(f"{key}-{number}", 1000, "USD", key=f"{key}-{number}r") == refund
            assert (await one.refund(f"{key}-{number}", 1, "USD", key=f"{key}-{number}s")).response_code == "1310"

    async def test_together_they_capture_no_more_than_was_authorized(self, reach: Reach, key: str) -> None:
        pair = [(await reach(name)).client for name in ("python", "typescript")]
        await pair[0].authorize(CardRequest(card=Card(token="T", expiry="2035-12"), amount=1000, currency="USD"), key=key)
        answers = await asyncio.gather(*(pair[n % 2].capture(key, 100, "USD", key=f"{key}-{n // 2}") for n in range(40)))
        assert [first == second for first, second in zip(answers[::2], answers[1::2], strict=True)] == [True] * 20
        assert sum(answer.approved for answer in answers[::2]) == 11
