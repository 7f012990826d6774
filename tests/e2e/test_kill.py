"""Kill -9 of the process and its database at any moment under load: nothing acknowledged is lost, nothing is paid twice.

Each round starts the platform on the same data, lets clients pay, kills everything at a random moment, starts again, and repeats
every request that got no answer with its own request id, as a good client would. Then orders, books and audit must agree.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.benchmarks.load import AMOUNT, BODY, control
from tests.process import FarthingProcess
from tests.wire import Answer, ConnectionLost, Wire

ROUNDS = 22
CLIENTS = 8
_PRICE, _BUYER_HAD = 2490, 1_000_000_000  # minor units of USD


@dataclass
class Attempt:
    """One checkout, as far as it got: what was acknowledged is a promise."""

    number: int
    order: str = ""
    approved: bool = False
    captured: str = ""
    in_flight: str = ""


@dataclass
class Known:
    """What the clients know."""

    attempts: list[Attempt] = field(default_factory=list)
    hit_in_flight: int = 0


async def step(wire: Wire, attempt: Attempt, name: str, path: str, body: bytes) -> Answer:
    attempt.in_flight = name
    answer = await wire.send("POST", path, body, request_id=f"{name}-{attempt.number}")
    attempt.in_flight = ""
    assert answer.status in {200, 201}, answer.body
    return answer


async def pay(wire: Wire, attempt: Attempt) -> None:
    """Do what is still to do of this checkout; every step may be repeated."""
    if not attempt.order:
        attempt.order = (await step(wire, attempt, "create", "/v2/checkout/orders", BODY)).json()["id"]
    if not attempt.approved:
        answer = await step(wire, attempt, "approve", f"/_farthing/orders/{attempt.order}/approve", b"{}")
        attempt.approved = answer.json()["status"] in {"APPROVED", "COMPLETED"}
    if not attempt.captured:
        answer = await step(wire, attempt, "capture", f"/v2/checkout/orders/{attempt.order}/capture", b"{}")
        attempt.captured = captured_id(answer)


def captured_id(answer: Answer) -> str:
    order = answer.json()
    assert order["status"] == "COMPLETED"
    [capture] = order["purchase_units"][0]["payments"]["captures"]
    assert (capture["status"], capture["amount"]) == ("COMPLETED", AMOUNT)
    return str(capture["id"])


async def customer(url: str, known: Known, numbers: Iterator[int]) -> None:
    wire = Wire(url)
    with contextlib.suppress(ConnectionLost):
        await wire.sign_in()
        while True:
            attempt = Attempt(next(numbers))
            known.attempts.append(attempt)
            await pay(wire, attempt)
    await wire.close()


async def shop_until_killed(platform: FarthingProcess, known: Known, numbers: Iterator[int], after: float) -> None:
    customers = [asyncio.create_task(customer(platform.url, known, numbers)) for _ in range(CLIENTS)]
    await asyncio.sleep(after)
    await asyncio.to_thread(platform.kill)
    await asyncio.gather(*customers)
    if any(attempt.in_flight for attempt in known.attempts[-CLIENTS * 2 :]):
        known.hit_in_flight += 1


async def make_good(url: str, known: Known) -> None:
    """Repeat what got no answer, and check that what was acknowledged is still so."""
    wire = Wire(url)
    await wire.sign_in()
    for attempt in known.attempts:
        promised = attempt.captured
        await pay(wire, attempt)
        shown = await wire.send("GET", f"/v2/checkout/orders/{attempt.order}")
        assert captured_id(shown) == attempt.captured
        assert promised in {"", attempt.captured}
    await wire.close()


def balance(url: str, owner: str) -> int:
    accounts = control(url, "GET", f"ledger/accounts?owner={owner}")["accounts"]
    amounts = [a["balance"] for a in accounts if a["kind"] == "wallet"]
    return sum(int(amount["value"].replace(".", "")) for amount in amounts if amount["currency_code"] == "USD")


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[FarthingProcess]:
    made = FarthingProcess(tmp_path / "data")
    yield made
    if made.running:
        made.kill()


@pytest.mark.timeout(600)
def test_nothing_acknowledged_is_lost_and_nothing_is_paid_twice(platform: FarthingProcess) -> None:
    chance, known, numbers = random.Random(20261122), Known(), iter(range(10**6))
    for _ in range(ROUNDS):
        url = platform.start()
        asyncio.run(make_good(url, Known([a for a in known.attempts if a.in_flight or not a.captured])))
        asyncio.run(shop_until_killed(platform, known, numbers, chance.uniform(0.1, 0.9)))
    url = platform.start()
    asyncio.run(make_good(url, known))
    check_books(url, known)
    assert known.hit_in_flight >= 10, f"only {known.hit_in_flight} of {ROUNDS} kills hit a request in flight"
    print(json.dumps({"kills": ROUNDS, "hit requests in flight": known.hit_in_flight, "checkouts": len(known.attempts)}))


def check_books(url: str, known: Known) -> None:
    """As many captures as checkouts, each of its price, and nothing else."""
    audit = control(url, "GET", "ledger/audit")
    assert (audit["balanced"], audit["problems"]) == (True, [])
    assert audit["captures"] == len(known.attempts)
    assert _BUYER_HAD - balance(url, "buyer@example.com") == _PRICE * len(known.attempts)
    assert len({attempt.captured for attempt in known.attempts}) == len(known.attempts)
