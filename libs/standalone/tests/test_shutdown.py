"""A process that is told to stop loses no request: two real processes behind a switch, and clients that never retry."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import http.server
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from farthing.embedded.cli.facts import dev_tokens
from tests.ports import free_ports
from tests.postgres import PostgresServer

PROGRAM = """
import asyncio
import os
import pathlib
from farthing.kit.api import Api
from farthing.kit.call import json_response
from farthing.kit.manifest import Manifest
from farthing.kit.service import Service
from farthing.standalone.main import run

MANIFEST = Manifest("shop", "Sells.", public=tuple(os.environ.get("SHOP_PUBLIC", "/v1/shop").split()))

def build(host):
    api = Api("shop")

    @api.open("GET", "/v1/shop/quick", "quick")
    async def quick(call):
        return json_response({"ok": True})

    @api.open("GET", "/v1/shop/slow", "slow")
    async def slow(call):
        gate = pathlib.Path(os.environ["SHOP_GATE"])
        gate.with_suffix(".asked").touch()
        while not gate.exists():
            await asyncio.sleep(0.05)
        return json_response({"ok": True})

    return Service(api)

run(MANIFEST, build)
"""


class Shop:
    """Processes of one invented service."""

    def __init__(self, dsn: str, folder: Path) -> None:
        self._environment = {"DATABASE_URL": dsn, "FARTHING_TOKENS": str(folder), "FARTHING_APP_JWKS": str(folder / "jwks.json")}
        self._environment |= {"FARTHING_SERVICE_JWKS": str(folder / "jwks.json"), "FARTHING_DRAIN_SECONDS": "5"}
        self._program = folder / "shop.py"
        self._program.write_text(PROGRAM)
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, inside: int, outside: int, **more: str) -> subprocess.Popen[bytes]:
        environment = {**os.environ, **self._environment, "PORT": str(inside), "PUBLIC_PORT": str(outside), **more}
        process = subprocess.Popen([sys.executable, str(self._program)], env=environment, stderr=subprocess.PIPE)
        self._processes.append(process)
        return process

    def close(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.wait()
            assert process.stderr is not None
            process.stderr.close()


@pytest.fixture
def shop(postgres_server: PostgresServer, fresh_database: str, tmp_path: Path) -> Iterator[Shop]:
    dev_tokens(tmp_path)
    made = Shop(postgres_server.dsn(fresh_database), tmp_path)
    yield made
    made.close()


def get(port: int, path: str) -> tuple[int, str | None]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.getheader("connection")
    finally:
        connection.close()


def ready(port: int) -> bool:
    try:
        return get(port, "/readyz")[0] == 200
    except OSError:
        return False


def refuses(port: int) -> bool:
    try:
        get(port, "/v1/shop/quick")
    except ConnectionRefusedError:
        return True
    except (OSError, http.client.HTTPException):  # the very moment
        return False
    return False


def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.05)


class Switch:
    """What a load balancer does to connections: a new one goes to a process that is ready, by turns; an old one stays where it is."""

    def __init__(self, backends: list[tuple[int, int]]) -> None:
        self._backends, self._ready, self._turn = backends, set(backends), 0
        self.tasks: set[asyncio.Task[None]] = set()

    async def watch(self) -> None:
        """Notices what is ready with a delay, as endpoints do."""
        while True:
            found = {one for one in self._backends if await asyncio.to_thread(ready, one[0])}
            await asyncio.sleep(0.3)
            self._ready = found

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        self._turn += 1
        chosen = sorted(self._ready)
        there = await asyncio.open_connection("127.0.0.1", chosen[self._turn % len(chosen)][1])
        await asyncio.gather(self._copy(reader, there[1]), self._copy(there[0], writer))

    async def _copy(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                target.write(data)
                await target.drain()
        target.close()


@contextlib.asynccontextmanager
async def switched(backends: list[tuple[int, int]]) -> AsyncIterator[int]:
    switch = Switch(backends)
    server = await asyncio.start_server(switch.connected, "127.0.0.1", 0)
    watching = asyncio.create_task(switch.watch())
    yield server.sockets[0].getsockname()[1]
    watching.cancel()
    server.close()
    await asyncio.wait([watching, *switch.tasks], timeout=10)  # they close what they hold


class Client:
    """Keeps one connection until it is told not to, and never sends anything again."""

    def __init__(self, port: int, pause: float) -> None:
        self._port, self._pause = port, pause
        self.answered, self.failed = 0, list[str]()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
        while not self._stop.wait(self._pause):
            try:
                connection.request("GET", "/v1/shop/quick")
                answer = connection.getresponse()
                answer.read()
                if answer.status != 200:
                    self.failed.append(str(answer.status))
                self.answered += 1
            except (OSError, http.client.HTTPException) as error:
                self.failed.append(type(error).__name__)
                connection.close()
        connection.close()


@pytest.mark.timeout(120)
async def test_no_request_fails_while_each_of_two_processes_is_restarted(shop: Shop) -> None:
    ports = free_ports(4)
    backends = [(ports[0], ports[1]), (ports[2], ports[3])]
    processes = [shop.start(*one) for one in backends]
    for inside, _ in backends:
        await asyncio.to_thread(until, partial(ready, inside))
    async with switched(backends) as port:
        clients = [Client(port, 0.01 * (number + 1)) for number in range(8)]
        for client in clients:
            client.start()
        for number, one in enumerate(backends):
            await asyncio.sleep(0.5)
            processes[number].terminate()
            assert await asyncio.to_thread(processes[number].wait, 30) == 0
            processes[number] = shop.start(*one)
            await asyncio.to_thread(until, partial(ready, one[0]))
            await asyncio.sleep(0.5)
        for client in clients:
            await asyncio.to_thread(client.stop)
    assert [client.failed for client in clients] == [[] for _ in clients]
    assert sum(client.answered for client in clients) > 300


def test_the_steps_of_an_end(shop: Shop, tmp_path: Path) -> None:
    """Not ready and closing connections while it drains; then no listener, but the request in flight is answered; exit 0."""
    inside, outside = free_ports(2)
    gate = tmp_path / "gate"
    process = shop.start(inside, outside, SHOP_GATE=str(gate))
    until(lambda: ready(inside))
    assert get(outside, "/v1/shop/quick") == (200, None)
    slow: list[tuple[int, str | None]] = []
    thread = threading.Thread(target=lambda: slow.append(get(outside, "/v1/shop/slow")))
    thread.start()
    until(gate.with_suffix(".asked").exists)
    process.send_signal(signal.SIGTERM)
    until(lambda: get(inside, "/readyz") == (503, "close"))
    assert get(outside, "/v1/shop/quick") == (200, "close")
    until(lambda: refuses(outside))
    assert (process.poll(), slow) == (None, [])
    gate.touch()
    thread.join()
    assert slow == [(200, "close")]
    assert process.wait(30) == 0


def test_a_process_waits_for_its_database_alive_and_not_ready(shop: Shop, postgres_server: PostgresServer, fresh_database: str) -> None:
    inside, outside = free_ports(2)
    [nobody] = free_ports(1)
    process = shop.start(inside, outside, DATABASE_URL=f"postgresql://postgres@127.0.0.1:{nobody}/x")

    def alive() -> bool:
        try:
            return get(inside, "/livez")[0] == 200
        except OSError:
            return False

    until(alive)
    assert get(inside, "/readyz")[0] == 503
    process.terminate()
    assert process.wait(20) == 0


class Keys:
    """A source of keys that answers when it may, and until then holds whoever asks."""

    def __init__(self, answer: bytes) -> None:
        self.asked, self.may = threading.Event(), threading.Event()
        keys = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                keys.asked.set()
                keys.may.wait(30)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its name there
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/certs"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.may.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[Keys]:
    dev_tokens(tmp_path)
    made = Keys((tmp_path / "jwks.json").read_bytes())
    yield made
    made.close()


@pytest.mark.parametrize("which", ["FARTHING_APP_JWKS", "FARTHING_SERVICE_JWKS"])
def test_a_process_is_ready_when_it_knows_the_keys_of_tokens(shop: Shop, keys: Keys, which: str) -> None:
    inside, outside = free_ports(2)
    process = shop.start(inside, outside, **{which: keys.url})
    assert keys.asked.wait(30)
    assert get(inside, "/livez")[0] == 200
    assert not ready(inside)
    keys.may.set()
    until(lambda: ready(inside))
    process.terminate()
    assert process.wait(20) == 0


def test_a_process_without_public_paths_asks_for_no_keys_of_access_tokens(shop: Shop, keys: Keys) -> None:
    """Its network policy leads to nobody who has them."""
    inside, outside = free_ports(2)
    process = shop.start(inside, outside, FARTHING_APP_JWKS=keys.url, SHOP_PUBLIC="")
    until(lambda: ready(inside))
    assert not keys.asked.is_set()
    process.terminate()
    assert process.wait(20) == 0


def test_a_process_that_waits_for_keys_can_be_stopped(shop: Shop, keys: Keys) -> None:
    inside, outside = free_ports(2)
    process = shop.start(inside, outside, FARTHING_APP_JWKS=keys.url)
    assert keys.asked.wait(30)
    process.terminate()
    assert process.wait(20) == 0
    assert process.stderr is not None
    said = process.stderr.read()
    assert b"service.stopped" in said
    assert b"service.started" not in said


def test_a_process_serves_in_the_end_without_keys_and_says_which_are_missing(shop: Shop) -> None:
    """Other requests need none, or other keys."""
    [nobody] = free_ports(1)
    inside, outside = free_ports(2)
    process = shop.start(inside, outside, FARTHING_APP_JWKS=f"http://127.0.0.1:{nobody}/certs")
    until(lambda: ready(inside))
    assert get(outside, "/v1/shop/quick")[0] == 200
    process.terminate()
    assert process.wait(20) == 0
    assert process.stderr is not None
    said = process.stderr.read()
    assert b"The keys of access tokens cannot be read." in said
    assert b"The keys of service tokens" not in said


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"DATABASE_URL": ""}, "shop: DATABASE_URL (or SHOP_DATABASE_URL) is not set"),
        ({"HOST": "192.0.2.1"}, "shop: cannot listen on 192.0.2.1:"),
    ],
)
def test_a_wrong_setting_is_one_line(shop: Shop, change: dict[str, str], said: str) -> None:
    inside, outside = free_ports(2)
    process = shop.start(inside, outside, **change)
    assert process.wait(30) == 2
    assert process.stderr is not None
    text = process.stderr.read().decode()
    assert text.startswith(said)
    assert text.count("\n") == 1
