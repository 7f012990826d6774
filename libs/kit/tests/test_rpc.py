"""One suite, run over the in-process transport and over HTTP: what a caller sees must not depend on how services are deployed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from contextvars import ContextVar
from typing import ClassVar

import pytest

from farthing.kit.api import Api
from farthing.kit.call import TRAIL, Call, Response, Trail, json_response
from farthing.kit.db import Database
from farthing.kit.errors import AnyError, ApiError, OutcomeUnknown, Refused, Unavailable
from farthing.kit.faults import Fault
from farthing.kit.model import Model
from farthing.kit.rpc import Answer, InProcessTransport, Link, NotSent, Request, ServiceClient, Transport
from farthing.kit.service import Running, Service
from farthing.kit.telemetry.tracing import new_trail
from farthing.standalone.http_transport import Connections, HttpTransport
from tests.bench import SHOP, Bench
from tests.listening import listening
from tests.ports import free_ports

LEAK: ContextVar[str] = ContextVar("leak", default="")


class Item(Model):
    name: str
    times: int = 0
    key: str = ""
    debug_id: str = ""


class OutOfStock(Refused):
    issue = "OUT_OF_STOCK"
    description = "Nothing is left."


class ShopClient(ServiceClient):
    errors: ClassVar[dict[str, type[ApiError]]] = {"OUT_OF_STOCK": OutOfStock}

    async def sell(self, name: str, key: str = "k") -> Item:
        return await self.call("POST", "/sales", Item, body=Item(name=name), key=key)

    async def find(self, name: str) -> Item:
        return await self.call("GET", f"/sales/{name}", Item)


class Till:
    """The callee: counts what it really did."""

    def __init__(self) -> None:
        self.sold: list[str] = []
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()
        self.finished = asyncio.Event()

    def api(self) -> Api:
        api = Api("shop")

        @api.internal("POST", "/sales", "sales.post")
        async def sell(call: Call, body: Item) -> Response:
            LEAK.set("from the callee")
            if body.name == "none":
                raise OutOfStock
            if body.name == "boom":
                raise ZeroDivisionError
            if body.name == "slow":
                self.begun.set()
                await self.go_on.wait()
            self.sold.append(body.name)
            self.finished.set()
            return json_response(Item(name=body.name, times=len(self.sold), key=call.key, debug_id=call.debug_id), 201)

        @api.internal("GET", "/sales/{name}", "sales.get")
        async def find(_call: Call, name: str) -> Response:
            return json_response(Item(name=name, times=self.sold.count(name)))

        return api


class Pair:
    def __init__(self, till: Till, client: ShopClient, stranger: ShopClient, bench: Bench) -> None:
        self.till, self.client, self.stranger, self.bench = till, client, stranger, bench


@pytest.fixture(params=["in process", "http"])
async def pair(request: pytest.FixtureRequest, bench: Bench) -> AsyncIterator[Pair]:
    till = Till()
    running = Running(SHOP, Service(till.api()), bench.host, None)

    def clients(transport: Transport) -> Pair:
        known, stranger = (ShopClient(Link(name, "shop", transport, bench.tokens.of(name))) for name in ("till", "stranger"))
        return Pair(till, known, stranger, bench)

    if request.param == "in process":
        transport = InProcessTransport(running.internal)
        yield clients(transport)
        till.go_on.set()
        await transport.drain()
        return
    async with listening(running.internal) as url, aclosing(Connections()) as connections:
        yield clients(HttpTransport(connections, url))
        till.go_on.set()


async def test_a_call_answers_a_model(pair: Pair) -> None:
    answer = await pair.client.sell("mug", key="k1")
    assert (answer.name, answer.times, answer.key) == ("mug", 1, "k1")
    assert await pair.client.find("mug") == Item(name="mug", times=1)


async def test_a_refusal_comes_back_as_its_own_class(pair: Pair) -> None:
    with pytest.raises(OutOfStock) as error:
        await pair.client.sell("none")
    assert (error.value.details[0].issue, error.value.details[0].description) == ("OUT_OF_STOCK", "Nothing is left.")


async def test_a_defect_of_the_callee_is_an_unknown_outcome(pair: Pair, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    with pytest.raises(OutcomeUnknown):
        await pair.client.sell("boom")
    assert b"ZeroDivisionError" in capsysbinary.readouterr().err


async def test_a_service_without_an_edge_is_not_admitted(pair: Pair) -> None:
    with pytest.raises(AnyError) as error:
        await pair.stranger.sell("mug")
    assert error.value.details[0].issue == "INTERNAL_CALL_REFUSED"
    assert pair.till.sold == []


async def test_when_the_caller_gives_up_the_callee_goes_on(pair: Pair) -> None:
    token = TRAIL.set(new_trail(0.2, sampled=False))
    with pytest.raises(OutcomeUnknown):
        await pair.client.sell("slow")
    TRAIL.reset(token)
    pair.till.go_on.set()
    async with asyncio.timeout(5):
        await pair.till.finished.wait()
    assert pair.till.sold == ["slow"]


async def test_a_cancelled_caller_does_not_cancel_the_callee(pair: Pair) -> None:
    task = asyncio.create_task(pair.client.sell("slow"))
    async with asyncio.timeout(5):
        await pair.till.begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    pair.till.go_on.set()
    async with asyncio.timeout(5):
        await pair.till.finished.wait()


async def test_a_lost_answer_is_asked_for_once_more_with_the_same_key(pair: Pair) -> None:
    pair.bench.faults.plant(Fault("f", "sales.post", "lost_response", times=1))
    answer = await pair.client.sell("mug", key="same")
    assert (answer.times, answer.key, pair.till.sold) == (2, "same", ["mug", "mug"])


async def test_without_a_key_nothing_is_repeated(pair: Pair) -> None:
    pair.bench.faults.plant(Fault("f", "sales.post", "lost_response", times=1))
    with pytest.raises(OutcomeUnknown):
        await pair.client.sell("mug", key="")
    assert pair.till.sold == ["mug"]


async def test_no_deadline_left_means_no_call(pair: Pair) -> None:
    token = TRAIL.set(new_trail(-1, sampled=False))
    with pytest.raises(OutcomeUnknown):
        await pair.client.sell("mug")
    TRAIL.reset(token)
    assert pair.till.sold == []


async def test_the_trace_goes_along_and_nothing_of_the_callee_comes_back(pair: Pair) -> None:
    trail = Trail("ab" * 16, "cd" * 8, sampled=False, deadline=new_trail(5, sampled=False).deadline)
    token = TRAIL.set(trail)
    answer = await pair.client.sell("mug")
    TRAIL.reset(token)
    assert answer.debug_id == "ab" * 6 + "a"
    assert LEAK.get() == ""


async def test_a_call_inside_a_transaction_is_refused(pair: Pair, database: Database) -> None:
    with pytest.raises(RuntimeError, match="open transaction"):
        async with database.transaction():
            await pair.client.find("mug")
    assert (await pair.client.find("mug")).times == 0


async def test_nobody_there_is_unavailable(bench: Bench) -> None:
    async with aclosing(Connections()) as connections:
        [port] = free_ports(1)
        client = ShopClient(Link("till", "shop", HttpTransport(connections, f"http://127.0.0.1:{port}"), bench.tokens.of("till")))
        with pytest.raises(Unavailable):
            await client.sell("mug")


class Later:
    """A transport by which nobody is reached at first."""

    def __init__(self, transport: Transport) -> None:
        self._transport, self.tries = transport, 0

    async def send(self, request: Request, timeout: float) -> Answer:
        self.tries += 1
        if self.tries == 1:
            raise NotSent
        return await self._transport.send(request, timeout)


@pytest.mark.parametrize("key", ["", "k1"])
async def test_what_reached_nobody_is_sent_again(pair: Pair, key: str) -> None:
    """Also a write without a key: nothing was executed."""
    later = Later(pair.client._link.transport)
    client = ShopClient(Link("till", "shop", later, pair.bench.tokens.of("till")))
    assert ((await client.sell("mug", key=key)).times, later.tries) == (1, 2)


async def test_nobody_there_any_more_after_a_try_without_an_answer_is_an_unknown_outcome(bench: Bench) -> None:
    """The first try may have been executed: that the second found nobody says nothing about it."""
    tries = []

    async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tries.append((await reader.readuntil(b"\r\n")).split()[:2])
        server.close()
        writer.close()

    server = await asyncio.start_server(break_off, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with aclosing(Connections()) as connections:
        client = ShopClient(Link("till", "shop", HttpTransport(connections, url), bench.tokens.of("till")))
        with pytest.raises(OutcomeUnknown):
            await client.sell("mug")
    assert tries == [[b"POST", b"/internal/v1/sales"]]
