"""What a process of processor asks of a cluster, and tells a collector of traces, in whichever language it is written (see conftest)."""

from __future__ import annotations

import contextlib
import datetime as dt
import http.server
import ipaddress
import json
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from jwt.algorithms import RSAAlgorithm
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.processors import Command, Ground, ProcessorProcess, until

SUBJECT = "system:serviceaccount:farthing:farthing-payments"


class Neighbour:
    """A server of the tests: what it was asked, and the one thing that it answers."""

    def __init__(self, answer: bytes = b"", tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[tuple[str, str | None, bytes]] = []
        asked = self.asked

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append((self.path, self.headers["authorization"], self._body()))
                self.send_response(200)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_POST = do_GET  # noqa: N815 - the base class's names

            def _body(self) -> bytes:
                if self.headers["transfer-encoding"] != "chunked":
                    return self.rfile.read(int(self.headers["content-length"] or 0))
                body = b""
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                return body

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.place = f"{'https' if tls else 'http'}://127.0.0.1:{self._server.server_port}"

    @contextlib.contextmanager
    def answering(self) -> Iterator[Neighbour]:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        yield self
        self._server.shutdown()
        self._server.server_close()


def key_set(*keys: tuple[str, rsa.RSAPrivateKey]) -> bytes:
    return json.dumps({"keys": [{**RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid} for kid, key in keys]}).encode()


def token(kid: str, key: rsa.RSAPrivateKey) -> str:
    claims = {"sub": SUBJECT, "aud": ["processor"], "exp": int(time.time()) + 600}
    return jwt.encode(claims, key, algorithm="RS256", headers={"kid": kid})


def ask(process: ProcessorProcess, bearer: str, **headers: str) -> httpx2.Response:
    headers["authorization"] = f"Bearer {bearer}"
    return httpx2.get(f"{process.url}/internal/v1/outcomes/nobody", headers=headers, timeout=20)


@pytest.fixture
def authority(tmp_path: Path) -> ssl.SSLContext:
    """A server's side of TLS; `ca.crt` beside it is whom to trust."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
    now = dt.datetime.now(dt.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(now).not_valid_after(now + dt.timedelta(days=1)).add_extension(address, critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    (tmp_path / "ca.crt").write_bytes(made.sign(key, SHA256()).public_bytes(Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "ca.crt", tmp_path / "key.pem")
    return context


@pytest.mark.filterwarnings("ignore:The RSA key is 1024 bits long")  # that is what must be refused
def test_a_cluster_s_tokens_are_known_by_its_key_set(command: Command, ground: Ground, authority: ssl.SSLContext, tmp_path: Path) -> None:
    """Over TLS with an authority of its own, for a bearer token; then from memory, while the cluster does not answer."""
    strong, weak = (rsa.generate_private_key(65537, size) for size in (2048, 1024))
    (tmp_path / "token").write_text("let-me\n")
    with Neighbour(key_set(("strong", strong), ("weak", weak)), authority).answering() as cluster:
        process = ground.serve(
            command,
            FARTHING_SERVICE_JWKS=f"{cluster.place}/openid/v1/jwks",
            FARTHING_SERVICE_JWKS_TOKEN=str(tmp_path / "token"),
            FARTHING_SERVICE_JWKS_CA=str(tmp_path / "ca.crt"),
            FARTHING_SERVICE_SUBJECT_PREFIX="system:serviceaccount:farthing:farthing-",
        )
        assert ask(process, token("strong", strong)).status_code == 404
        assert ask(process, token("weak", weak)).status_code == 401
        assert ask(process, ground.token(subject=SUBJECT)).status_code == 401
        assert {one[:2] for one in cluster.asked} == {("/openid/v1/jwks", "Bearer let-me")}
    assert ask(process, token("strong", strong)).status_code == 404
    time.sleep(1.1)  # the source is asked once a second at most
    unknown = ask(process, token("new", strong))
    assert (unknown.status_code, unknown.headers["retry-after"]) == (503, "1")
    assert process.stop() == 0


def test_a_sampled_call_is_a_span_below_the_caller_s(command: Command, ground: Ground) -> None:
    trace, above = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    with Neighbour().answering() as collector:
        process = ground.serve(command, OTEL_EXPORTER_OTLP_ENDPOINT=collector.place)
        for sampled in ("01", "00"):
            assert ask(process, ground.token(), traceparent=f"00-{trace}-{above}-{sampled}").status_code == 404
        assert process.stop() == 0
        until(lambda: len(collector.asked) > 0)
    assert {path for path, _, _ in collector.asked} == {"/v1/traces"}
    exported = [ExportTraceServiceRequest.FromString(body) for _, _, body in collector.asked]
    groups = [group for one in exported for group in one.resource_spans]
    spans = [span for group in groups for scope in group.scope_spans for span in scope.spans]
    # What it asks its database is an implementation's own, and a 503 while it starts is a trace by itself.
    [span] = [span for span in spans if span.kind == span.SPAN_KIND_SERVER and span.trace_id.hex() == trace]
    assert (span.name, span.parent_span_id.hex()) == ("processor.outcome", above)
    assert values(span.attributes) == {
        "farthing.debug_id": trace[:13],
        "http.request.method": "GET",
        "http.route": "/internal/v1/outcomes/{key}",
        "http.response.status_code": 404,
        "farthing.forced": False,
    }
    about = values(groups[0].resource.attributes)
    named = ("service.name", "service.version", "service.namespace")
    assert [about[name] for name in named] == ["processor", "9.9.9-contract", "farthing"]


def values(attributes: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}
