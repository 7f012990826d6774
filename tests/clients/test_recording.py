"""What is between an SDK and a gateway: the proxy that keeps what it sees, and what the table makes of it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx2
import pytest

from tests.clients.recorder import Exchange, Recorder
from tests.clients.table import rows


class Gateway(BaseHTTPRequestHandler):
    """Says by which host it would route."""

    def do_GET(self) -> None:
        body = ", ".join(self.headers.get_all("host", [])).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def gateway() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Gateway)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_gateway_is_asked_by_its_own_name(gateway: str) -> None:
    with contextlib.closing(Recorder(f"http://{gateway}")) as recorder:
        assert httpx2.get(f"{recorder.url}/v2/checkout/orders/1").text == gateway


@pytest.mark.parametrize("page", [b"404 page not found\n", b"", b"[]", b"{}", b'"no"'])
def test_a_page_that_a_gateway_made_itself_fills_no_cell(page: bytes) -> None:
    seen = [Exchange("GET", "/v2/payments/refunds/1", 404, {}, page)]
    [row] = [row for row in rows("Python", seen) if row.operation == "refunds.get"]
    assert (row.errors, row.empty) == ((), ["Python refunds.get success", "Python refunds.get error"])


def test_an_error_of_the_platform_fills_its_cell() -> None:
    body = b'{"name": "RESOURCE_NOT_FOUND", "details": [{"issue": "INVALID_RESOURCE_ID"}]}'
    [row] = [row for row in rows("Python", [Exchange("GET", "/v2/payments/refunds/1", 404, {}, body)]) if row.errors]
    assert (row.operation, row.errors) == ("refunds.get", ("404 INVALID_RESOURCE_ID",))
