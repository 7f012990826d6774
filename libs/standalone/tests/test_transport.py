"""Connections between services: renewed, left behind when they fail, shared among replicas; and keys from where Kubernetes has them."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ipaddress
import json
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from farthing.kit.rpc import NoAnswer, NotSent, Request
from farthing.standalone.http_transport import Connections, HttpTransport
from farthing.standalone.keys import FileTokens, key_source
from farthing.standalone.settings import KeySet
from tests.ports import free_ports


class Replica:
    """Counts the connections that come, and may end one without an answer."""

    def __init__(self) -> None:
        self.connections, self.requests, self.silent = set[object](), 0, 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.connections.add(request.transport)
        self.requests += 1
        if self.silent:
            self.silent -= 1
            assert request.transport is not None
            request.transport.close()
        return web.json_response({})


@contextlib.asynccontextmanager
async def serving(replica: Replica) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", replica.answer)
    runner = web.AppRunner(app, keepalive_timeout=75)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_a_connection_is_kept_and_renewed() -> None:
    replica = Replica()
    async with serving(replica) as url, contextlib.aclosing(Connections(seconds_each=60, longest_kept=600)) as connections:
        transport = HttpTransport(connections, url)
        for _ in range(10):
            assert (await transport.send(Request("GET", "/x", []), 5)).status == 200
        assert len(replica.connections) == 1
        kept = connections._kept
        assert kept is not None
        kept.made -= 61  # as if that much later
        for _ in range(10):
            await transport.send(Request("GET", "/x", []), 5)
        assert len(replica.connections) == 2


async def test_many_connections_live_as_many_times_as_long_so_that_renewing_costs_the_same() -> None:
    replica = Replica()
    async with serving(replica) as url, contextlib.aclosing(Connections(seconds_each=20, longest_kept=80)) as connections:
        transport = HttpTransport(connections, url)

        async def six() -> int:
            await asyncio.gather(*(transport.send(Request("GET", "/x", []), 5) for _ in range(6)))
            return len(replica.connections)

        assert await six() == 6
        kept = connections._kept
        assert kept is not None
        kept.made -= 70  # as if that much later: six would live 120 s, and nothing lives longer than 80
        assert await six() == 6
        kept.made -= 20
        assert await six() == 12


async def test_a_request_that_is_under_way_is_not_cut_off_by_the_renewal() -> None:
    async def slow(_: web.Request) -> web.Response:
        await asyncio.sleep(0.5)
        return web.json_response({})

    replica = Replica()
    replica.answer = slow  # type: ignore[method-assign, assignment]
    async with serving(replica) as url, contextlib.aclosing(Connections(seconds_each=0.05)) as connections:
        transport = HttpTransport(connections, url)
        pending = []
        for _ in range(6):
            pending.append(asyncio.create_task(transport.send(Request("GET", "/x", []), 5)))
            await asyncio.sleep(0.1)
        assert [answer.status for answer in await asyncio.gather(*pending)] == [200] * 6


async def test_after_a_failure_nothing_old_is_used_again() -> None:
    replica = Replica()
    async with serving(replica) as url, contextlib.aclosing(Connections(60, 60)) as connections:
        transport = HttpTransport(connections, url)
        await asyncio.gather(*(transport.send(Request("POST", "/x", []), 5) for _ in range(5)))
        before, replica.silent = len(replica.connections), 1
        with pytest.raises(NoAnswer):
            await transport.send(Request("POST", "/x", []), 5)
        await transport.send(Request("POST", "/x", []), 5)
        assert len(replica.connections) == before + 1


async def test_replicas_behind_one_name_take_turns() -> None:
    """Two addresses of 127.0.0.0/8 on one port, as a name with two addresses gives them."""
    [port] = free_ports(1)
    replicas = {address: Replica() for address in ("127.0.0.1", "127.0.0.2")}
    runners = []
    for address, replica in replicas.items():
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", replica.answer)
        runners.append(runner := web.AppRunner(app))
        await runner.setup()
        await web.TCPSite(runner, address, port).start()
    async with contextlib.aclosing(Connections(seconds_each=0.0)) as connections:

        async def both(host: str, port: int, _family: int = 0) -> list[dict[str, object]]:
            facts = {"hostname": host, "port": port, "family": socket.AF_INET, "proto": 0, "flags": socket.AI_NUMERICHOST}
            return [{**facts, "host": address} for address in replicas]

        connections._names._inner.resolve = both  # type: ignore[method-assign, assignment]
        transport = HttpTransport(connections, f"http://two.test:{port}")
        for _ in range(20):
            await transport.send(Request("GET", "/x", []), 5)
    for runner in runners:
        await runner.cleanup()
    assert [replica.requests for replica in replicas.values()] == [10, 10]


async def test_nobody_there_is_certainly_not_sent() -> None:
    [port] = free_ports(1)
    async with contextlib.aclosing(Connections()) as connections:
        with pytest.raises(NotSent):
            await HttpTransport(connections, f"http://127.0.0.1:{port}").send(Request("POST", "/x", []), 2)


def test_tokens_are_read_anew(tmp_path: Path) -> None:
    (tmp_path / "ledger").write_text("one\n")
    tokens = FileTokens(tmp_path)
    assert tokens.token("ledger") == "one"
    (tmp_path / "ledger").write_text("two\n")
    assert tokens.token("ledger") == "two"


async def test_keys_over_tls_with_a_token_and_an_authority_of_ones_own(tmp_path: Path) -> None:
    _certificate(tmp_path)
    asked: list[str | None] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.headers.get("authorization"))
        return web.Response(text=json.dumps({"keys": []}), content_type="application/jwk-set+json")

    app = web.Application()
    app.router.add_get("/openid/v1/jwks", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "ca.crt", tmp_path / "key.pem")
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    place = f"https://127.0.0.1:{runner.addresses[0][1]}/openid/v1/jwks"
    (tmp_path / "token").write_text("let-me\n")
    assert await key_source(KeySet(place, tmp_path / "token", tmp_path / "ca.crt"))() == {"keys": []}
    assert asked == ["Bearer let-me"]
    with pytest.raises(OSError, match="certificate"):
        await key_source(KeySet(place))()
    await runner.cleanup()


async def test_keys_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "jwks.json").write_text('{"keys": [{"kid": "a"}]}')
    assert await key_source(KeySet(str(tmp_path / "jwks.json")))() == {"keys": [{"kid": "a"}]}


def _certificate(folder: Path) -> None:
    key, name = generate_private_key(SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
    now = dt.datetime.now(dt.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(now).not_valid_after(now + dt.timedelta(days=1)).add_extension(address, critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    (folder / "ca.crt").write_bytes(made.sign(key, SHA256()).public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
