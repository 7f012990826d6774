"""PostgreSQL away for a while: 503 with Retry-After, then everything goes on by itself and nothing is lost."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from farthing.embedded.cli.keeping import MOST_ENDS
from tests.benchmarks.load import BODY, control
from tests.process import FarthingProcess, descendants
from tests.wire import Answer, Wire

CLIENTS = 4


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[FarthingProcess]:
    made = FarthingProcess(tmp_path / "data", errors=tmp_path / "errors")
    made.start()
    yield made
    if made.running:
        made.kill()


class Customer:
    """Pays again and again, and does what a good client does with a 503: the same request again, after the time it was told."""

    def __init__(self, url: str, numbers: Iterator[int]) -> None:
        self._wire, self._numbers = Wire(url), numbers
        self.paid = 0
        self.told_to_wait = 0

    async def shop(self, until: asyncio.Event) -> None:
        await self._wire.sign_in()
        while not until.is_set():
            number = next(self._numbers)
            order = (await self._step(f"create-{number}", "/v2/checkout/orders", BODY)).json()["id"]
            await self._step("", f"/_farthing/orders/{order}/approve", b"{}")
            paid = await self._step(f"pay-{number}", f"/v2/checkout/orders/{order}/capture", b"{}")
            assert paid.json()["status"] == "COMPLETED"
            self.paid += 1
        await self._wire.close()

    async def _step(self, request_id: str, path: str, body: bytes) -> Answer:
        async with asyncio.timeout(60):
            while True:
                answer = await self._wire.send("POST", path, body, request_id=request_id)
                if answer.status in {200, 201}:
                    return answer
                assert (answer.status, answer.json()["name"], answer.retry_after) == (503, "SERVICE_UNAVAILABLE", 1), answer.body
                self.told_to_wait += 1
                await asyncio.sleep(0.2)


def a_backend(platform: FarthingProcess) -> int:
    """PostgreSQL ends all connections and recovers, as after any crash of its own."""
    found = [pid for pid in descendants(platform.postgres_pid()) if "farthing_payments" in Path(f"/proc/{pid}/cmdline").read_text()]
    return found[0]


async def shop_through_a_crash(platform: FarthingProcess, victim: Callable[[FarthingProcess], int]) -> list[Customer]:
    """Kill something in the middle."""
    numbers, enough = itertools.count(), asyncio.Event()
    customers = [Customer(platform.url, numbers) for _ in range(CLIENTS)]
    shopping = [asyncio.create_task(customer.shop(enough)) for customer in customers]
    await asyncio.sleep(1.5)
    os.kill(victim(platform), signal.SIGKILL)
    await asyncio.sleep(5)
    enough.set()
    await asyncio.gather(*shopping)
    return customers


@pytest.mark.timeout(180)
@pytest.mark.parametrize("victim", [a_backend, FarthingProcess.postgres_pid], ids=["a backend", "the server"])
def test_a_crash_of_the_database_under_load(platform: FarthingProcess, victim: Callable[[FarthingProcess], int]) -> None:
    customers = asyncio.run(shop_through_a_crash(platform, victim))
    assert sum(customer.told_to_wait for customer in customers) > 0, "nobody noticed the crash"
    audit = control(platform.url, "GET", "ledger/audit")
    assert (audit["balanced"], audit["problems"], audit["captures"]) == (True, [], sum(customer.paid for customer in customers))


def socket_folders(pid: int) -> list[Path]:
    """Those that the process holds: it keeps the lock in each open."""
    held: list[Path] = []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            held.append(descriptor.readlink())
    return [file.parent for file in held if file.name == "host.lock"]


def events_of(errors: Path) -> list[str]:
    """The events of the log, which holds nothing but JSON lines."""
    return [json.loads(line)["event"] for line in errors.read_text().splitlines()]


@pytest.mark.timeout(120)
def test_a_server_that_ended_comes_back_and_the_log_says_it_in_a_line(platform: FarthingProcess, tmp_path: Path) -> None:
    sockets = socket_folders(platform.pid)
    assert len(sockets) == 1
    os.kill(platform.postgres_pid(), signal.SIGKILL)
    wait_for_server(platform)
    assert control(platform.url, "GET", "ledger/audit")["balanced"] is True
    assert [event for event in events_of(tmp_path / "errors") if event.startswith("postgres.")] == ["postgres.ended", "postgres.back"]
    assert socket_folders(platform.pid) == sockets, "a second socket folder"
    platform.stop()


@pytest.mark.timeout(120)
def test_a_server_that_ends_again_and_again_ends_the_process_with_a_clear_line(platform: FarthingProcess, tmp_path: Path) -> None:
    for _ in range(MOST_ENDS - 1):
        os.kill(platform.postgres_pid(), signal.SIGKILL)
        wait_for_server(platform)
    os.kill(platform.postgres_pid(), signal.SIGKILL)
    assert platform.wait() == 3
    *_, last = (tmp_path / "errors").read_text().splitlines()
    assert last.startswith(f"farthing: PostgreSQL ended {MOST_ENDS} times within a minute")


def wait_for_server(platform: FarthingProcess) -> None:
    """Until the platform answers again."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        time.sleep(0.3)
        with contextlib.suppress(OSError):
            control(platform.url, "GET", "health")
            return
    raise TimeoutError
