"""The hook in real httpx2 clients against a real server."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx2
import pytest

from tests.contract.specification.deviations import Deviations
from tests.contract.specification.recording import AnswersDeviate, Recording
from tests.contract.specification.validation import Specification

CONTENT = {
    "info": {"title": "Things"},
    "paths": {
        "/v1/things/{id}": {
            "get": {
                "operationId": "things.get",
                "responses": {"200": {"content": {"application/json": {"schema": {"type": "object", "required": ["id"]}}}}},
            }
        }
    },
}


class Things(BaseHTTPRequestHandler):
    """Answers /v1/things/{id} rightly for `good`, without the id for anything else."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = json.dumps({"id": "good"} if self.path.endswith("good") else {}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Paypal-Debug-Id", "f1")
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Keep the run's output free of access lines."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Things) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    (tmp_path / "things_v1.json").write_text(json.dumps(CONTENT))
    return Recording(Specification.load(tmp_path, Deviations([])))


class TestRecording:
    def test_collects_what_a_client_sees(self, recording: Recording, url: str) -> None:
        with httpx2.Client(base_url=url, event_hooks={"response": [recording.see]}) as client:
            assert client.get("/v1/things/good").json() == {"id": "good"}
            recording.assert_conforming()
            client.get("/v1/things/bad")
            client.get("/v1/things/bad?again")

        assert recording.checked == {("things.get", 200): 3}
        with pytest.raises(AnswersDeviate, match=r"2 x things\.get 200 /: 'id' is a required property"):
            recording.assert_conforming()

    async def test_collects_what_an_asynchronous_client_sees(self, recording: Recording, url: str) -> None:
        async with httpx2.AsyncClient(base_url=url, event_hooks={"response": [recording.see_async]}) as client:
            await client.get("/v1/things/good")
            await client.get("/v1/things/bad")

        assert recording.violations == ["things.get 200 /: 'id' is a required property"]

    def test_leaves_other_paths_alone(self, recording: Recording, url: str) -> None:
        with httpx2.Client(base_url=url, event_hooks={"response": [recording.see]}) as client:
            client.get("/v1/others/bad")

        assert recording.checked == {}
        assert recording.violations == []
