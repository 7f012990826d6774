"""A body that is too large is refused as soon as that is certain, by both kinds of process, and its connection goes on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from farthing.kit.api import Api
from farthing.kit.call import Call, Response, json_response
from farthing.kit.edge import LARGEST_BODY
from farthing.kit.service import Running, Service
from farthing.standalone.server import Listeners
from tests.bench import SHOP, Bench
from tests.listening import listening
from tests.ports import free_ports

HEAD = b"POST /v1/shop HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"


class Client:
    """One connection, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def say(self, *parts: bytes) -> None:
        for part in parts:
            self._writer.write(part)
            await self._writer.drain()

    async def hear(self) -> tuple[int, bytes]:
        async with asyncio.timeout(20):
            head = await self._reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            return int(head.split()[1]), await self._reader.readexactly(length)

    async def hang_up(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


@pytest.fixture(params=["one process", "a service alone"])
async def client(request: pytest.FixtureRequest, bench: Bench) -> AsyncIterator[Client]:
    api = Api("shop")

    @api.open("POST", "/v1/shop", "shop.measure", raw_body=True)
    async def measure(call: Call) -> Response:
        return json_response({"bytes": len(call.body)})

    app = Running(SHOP, Service(api), bench.host, None).public
    async with contextlib.AsyncExitStack() as stack:
        if request.param == "one process":
            port = int((await stack.enter_async_context(listening(app))).rsplit(":", 1)[1])
        else:
            (port,) = free_ports(1)
            listeners = Listeners("127.0.0.1", [(app, port)])
            listeners.start()
            stack.push_async_callback(listeners.stop, 0)
        made = Client(*await asyncio.open_connection("127.0.0.1", port))
        stack.push_async_callback(made.hang_up)
        yield made


async def test_a_declared_length_is_refused_before_the_body_comes(client: Client) -> None:
    await client.say(HEAD, b"content-length: 5000000000\r\n\r\n")
    status, body = await client.hear()
    assert (status, b"REQUEST_ENTITY_TOO_LARGE" in body) == (413, True)


async def test_who_waits_for_100_continue_is_not_asked_for_the_body(client: Client) -> None:
    await client.say(HEAD, b"expect: 100-continue\r\ncontent-length: 5000000\r\n\r\n")
    assert (await client.hear())[0] == 413


async def test_chunks_are_refused_when_they_are_too_many(client: Client) -> None:
    half = b"%x\r\n" % (LARGEST_BODY // 2 + 1) + b" " * (LARGEST_BODY // 2 + 1) + b"\r\n"
    await client.say(HEAD, b"transfer-encoding: chunked\r\n\r\n", half, half)  # and no end
    assert (await client.hear())[0] == 413


async def test_who_sends_it_all_first_is_answered_and_can_ask_again(client: Client) -> None:
    await client.say(HEAD, b"content-length: 5000000\r\n\r\n", *(b" " * 100_000 for _ in range(50)))
    assert (await client.hear())[0] == 413
    await client.say(HEAD, b"content-length: 2\r\n\r\n{}")
    assert await client.hear() == (200, b'{"bytes":2}')


async def test_who_closes_after_the_answer_sends_it_all_and_gets_it(client: Client) -> None:
    await client.say(HEAD, b"connection: close\r\ncontent-length: 20000000\r\n\r\n", *(b" " * 1_000_000 for _ in range(20)))
    assert (await client.hear())[0] == 413


async def test_the_last_chunk_is_not_waited_for(client: Client) -> None:
    whole = b"%x\r\n" % (LARGEST_BODY + 1) + b" " * (LARGEST_BODY + 1) + b"\r\n0\r\n\r\n"
    await client.say(HEAD, b"transfer-encoding: chunked\r\n\r\n", whole, HEAD, b"content-length: 2\r\n\r\n{}")
    assert [(await client.hear())[0] for _ in range(2)] == [413, 200]


async def test_the_limit_itself_is_taken(client: Client) -> None:
    await client.say(HEAD, b"content-length: %d\r\n\r\n" % LARGEST_BODY, b" " * LARGEST_BODY)
    assert await client.hear() == (200, b'{"bytes":%d}' % LARGEST_BODY)
    await client.say(HEAD, b"content-length: %d\r\n\r\n" % (LARGEST_BODY + 1), b" " * (LARGEST_BODY + 1))
    assert (await client.hear())[0] == 413
