"""Answers leave in one piece, whatever their form."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from farthing.embedded.server import Server
from tests.listening import listening


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answers what the path asks for."""
    body = b"" if scope["path"] == "/empty" else b"hello"
    headers = [(b"content-length", str(len(body)).encode())] if scope["path"] != "/chunked" else []
    if scope["path"] == "/abort":
        scope["extensions"]["farthing.abort"]()
        return
    if scope["method"] == "POST":
        body = (await receive())["body"]
        headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 204 if scope["path"] == "/empty" else 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def exchange(url: str, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rsplit(":", 1)[1]))
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    return answer


@pytest.mark.parametrize(
    ("request_line", "status", "end"),
    [
        (b"GET / HTTP/1.1", b"200 OK", b"\r\n\r\nhello"),
        (b"HEAD / HTTP/1.1", b"200 OK", b"\r\n\r\n"),
        (b"GET /empty HTTP/1.1", b"204 No Content", b"\r\n\r\n"),
        (b"GET /chunked HTTP/1.1", b"200 OK", b"\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
    ],
)
async def test_every_kind_of_answer_arrives_whole(request_line: bytes, status: bytes, end: bytes) -> None:
    async with listening(application) as url:
        answer = await exchange(url, request_line + b"\r\nhost: x\r\nconnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 " + status + b"\r\n")
    assert answer.endswith(end)


async def test_a_client_that_waits_for_100_continue_gets_it() -> None:
    async with listening(application) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rsplit(":", 1)[1]))
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 3\r\nconnection: close\r\n\r\n")
        assert await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5) == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"abc")
        assert (await asyncio.wait_for(reader.read(), 5)).endswith(b"\r\n\r\nabc")
        writer.close()


async def test_an_aborted_answer_is_not_one_byte() -> None:
    async with listening(application) as url:
        try:
            answer = await exchange(url, b"GET /abort HTTP/1.1\r\nhost: x\r\n\r\n")
        except ConnectionResetError:
            answer = b""
    assert answer == b""


async def test_a_server_that_cannot_serve_says_so() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    listener.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        async with Server(application, "127.0.0.1", 0).serving_at(listener):
            pytest.fail("nothing is served")
