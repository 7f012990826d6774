"""A proxy before the platform that keeps what an SDK asked and what it was answered, byte for byte."""

from __future__ import annotations

import http.client
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import urlsplit

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}
_TIMEOUT = 60  # seconds


@dataclass(frozen=True)
class Exchange:
    """One request and its answer. `path` is what the SDK meant: without the host that one way of configuring puts before it."""

    method: str
    path: str
    status: int
    headers: dict[str, str]
    body: bytes


class Recorder:
    """Serves at `url` what stands at `target`, until it is closed."""

    def __init__(self, target: str) -> None:
        self.exchanges: list[Exchange] = []
        handler = type("Handler", (_Handler,), {"recorder": self, "target": urlsplit(target).netloc})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    recorder: ClassVar[Recorder]
    target: ClassVar[str]

    def _forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        connection = http.client.HTTPConnection(self.target, timeout=_TIMEOUT)
        try:
            connection.putrequest(self.command, self.path, skip_accept_encoding=True)  # with the target's own Host: a gateway routes by it
            for name, value in self.headers.items():
                if name.lower() != "host":
                    connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            self._answer(answer, answer.read())
        finally:
            connection.close()

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _forward  # noqa: N815 - names that the base class looks up

    def _answer(self, answer: http.client.HTTPResponse, body: bytes) -> None:
        self.recorder.exchanges.append(Exchange(self.command, _meant(self.path), answer.status, dict(answer.getheaders()), body))
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        if answer.status != 204:
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def _meant(path: str) -> str:
    _, joined, rest = path.partition("/https://")
    return "/" + rest.partition("/")[2] if joined else path
