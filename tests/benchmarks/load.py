"""Full checkouts per second (create, approve, capture, get), each answer checked, and the books audited afterwards: `make load`.

The platform runs as users run it: one process, embedded PostgreSQL, durability on. The client is a process of its own on the same cores.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop

from tests.benchmarks.yardstick import yardstick
from tests.process import FarthingProcess
from tests.wire import Wire, Wires

BODY = json.dumps(
    {
        "intent": "CAPTURE",
        "purchase_units": [
            {
                "reference_id": "default",
                "description": "Two mugs and a plate",
                "amount": {
                    "currency_code": "USD",
                    "value": "24.90",
                    "breakdown": {
                        "item_total": {"currency_code": "USD", "value": "20.00"},
                        "shipping": {"currency_code": "USD", "value": "4.90"},
                    },
                },
                "items": [
                    {"name": "Mug", "quantity": "2", "unit_amount": {"currency_code": "USD", "value": "7.50"}},
                    {"name": "Plate", "quantity": "1", "unit_amount": {"currency_code": "USD", "value": "5.00"}},
                ],
            }
        ],
        "application_context": {"return_url": "https://store.example/return", "cancel_url": "https://store.example/cancel"},
    }
).encode()
AMOUNT = {"currency_code": "USD", "value": "24.90"}


@dataclass
class Tally:
    """What the clients saw: seconds of each full checkout, and of each step."""

    checkouts: list[float] = field(default_factory=list)
    captures: list[float] = field(default_factory=list)


def expect(truth: bool, what: str, body: bytes) -> None:
    if not truth:
        raise RuntimeError(f"wrong answer to {what}: {body[:500]!r}")


async def checkout(wire: Wire | Wires, tally: Tally) -> None:
    begun = time.perf_counter()
    created = await wire.send("POST", "/v2/checkout/orders", BODY)
    order = created.json()
    expect(created.status == 201 and order["status"] == "CREATED", "create", created.body)
    approved = await wire.send("POST", f"/_farthing/orders/{order['id']}/approve", b'{"buyer": "buyer@example.com"}')
    expect(approved.status == 200 and approved.json()["status"] == "APPROVED", "approve", approved.body)
    before = time.perf_counter()
    captured = await wire.send("POST", f"/v2/checkout/orders/{order['id']}/capture", b"{}")
    tally.captures.append(time.perf_counter() - before)
    paid = captured.json()
    expect(captured.status == 201 and paid["status"] == "COMPLETED", "capture", captured.body)
    expect(paid["purchase_units"][0]["payments"]["captures"][0]["amount"] == AMOUNT, "capture's amount", captured.body)
    shown = await wire.send("GET", f"/v2/checkout/orders/{order['id']}")
    expect(shown.status == 200 and shown.json()["status"] == "COMPLETED", "get", shown.body)
    expect(shown.json()["purchase_units"][0]["amount"]["value"] == AMOUNT["value"], "get's amount", shown.body)
    tally.checkouts.append(time.perf_counter() - begun)


async def client(url: str, until: float, tally: Tally) -> None:
    operator = os.environ.get("FARTHING_OPERATOR_TOKEN", "")
    wire = Wires(url, operator) if "=" in url else Wire(url, operator)
    await wire.sign_in()
    while time.perf_counter() < until:
        await checkout(wire, tally)
    await wire.close()


async def drive(url: str, clients: int, seconds: float) -> Tally:
    warm, tally = Tally(), Tally()
    await asyncio.gather(*(client(url, time.perf_counter() + 1.5, warm) for _ in range(clients)))
    await asyncio.gather(*(client(url, time.perf_counter() + seconds, tally) for _ in range(clients)))
    tally.checkouts.append(float(len(warm.checkouts)))  # the last figure: how many came before the measured window
    return tally


def control(url: str, method: str, path: str) -> Any:
    request = urllib.request.Request(f"{url}/_farthing/{path}", method=method)  # noqa: S310 - our own platform
    with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
        raw = answer.read()
        return json.loads(raw) if raw else None


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12]) + int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


def run_client(url: str, clients: int, seconds: float, operator: str | None = None) -> dict[str, Any]:
    """The client in a process of its own. `operator`: the token for approvals; None: what the environment has."""
    environment = os.environ if operator is None else {**os.environ, "FARTHING_OPERATOR_TOKEN": operator}
    command = [sys.executable, "-m", "tests.benchmarks.load", "--drive", url, "--clients", str(clients), "--seconds", str(seconds)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=seconds + 120)
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    return dict(json.loads(done.stdout))


def summary(tally: Tally, seconds: float) -> dict[str, Any]:
    earlier = int(tally.checkouts.pop())
    times, captures = sorted(tally.checkouts), sorted(tally.captures)
    return {
        "checkouts": len(times),
        "all": len(times) + earlier,
        "per_second": round(len(times) / seconds, 1),
        "p50_ms": round(1000 * statistics.median(times), 1),
        "p99_ms": round(1000 * times[int(len(times) * 0.99) - 1], 1),
        "capture_p50_ms": round(1000 * statistics.median(captures), 1),
        "capture_p99_ms": round(1000 * captures[int(len(captures) * 0.99) - 1], 1),
    }


def timed_reset(url: str) -> int:
    """Milliseconds."""
    begun = time.perf_counter()
    control(url, "POST", "reset")
    return round((time.perf_counter() - begun) * 1000)


def measure(clients: int, seconds: float) -> int:
    with tempfile.TemporaryDirectory(prefix="farthing-load-") as folder:
        fresh = {"XDG_CACHE_HOME": str(Path(folder) / "cache")}  # else a template of an earlier run makes the first start a later one
        platform = FarthingProcess(Path(folder) / "data", environment=fresh)
        url = platform.start()
        postgres = platform.postgres_pid()
        try:
            sys.stderr.write(f"{clients} clients for {seconds:g} s against {url} ...\n")
            before = cpu_seconds(platform.pid), cpu_seconds(postgres)
            found = run_client(url, clients, seconds)
            after = cpu_seconds(platform.pid), cpu_seconds(postgres)
            sys.stderr.write("audit ...\n")
            audit = control(url, "GET", "ledger/audit")
            full_reset = timed_reset(url)
            few = run_client(url, clients, 1.0)["all"]
            small_reset = timed_reset(url)
        finally:
            stopped = platform.stop()
        again = FarthingProcess(Path(folder) / "second", environment=fresh)
        again.start()
        again.stop()
    found["python_us"] = round((after[0] - before[0]) / found["all"] * 1e6)
    found |= {"captures_in_books": audit["captures"], "balanced": audit["balanced"], "problems": audit["problems"]}
    found |= {
        "start_s": round(platform.started_in, 2),
        "warm_start_s": round(again.started_in, 2),
        "stop_s": round(stopped, 2),
        "reset_ms": {f"after {count} checkouts": took for count, took in ((few, small_reset), (found["all"], full_reset))},
        "yardstick": yardstick(),
    }
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
    return 0 if audit["balanced"] and audit["captures"] == found["all"] else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument(
        "--drive",
        metavar="URL",
        help="only the client, against a running platform, or services apart as prefix=URL,... (FARTHING_OPERATOR_TOKEN: where wanted)",
    )
    options = parser.parse_args()
    if options.drive is None:
        return measure(options.clients, options.seconds)
    tally = uvloop.run(drive(options.drive, options.clients, options.seconds))
    sys.stdout.write(json.dumps(summary(tally, options.seconds)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
