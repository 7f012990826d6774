"""CPU of a full checkout with one process per service, in proportion to one process: `make load-apart`.

The same clients make the same checkouts, first against one process, then against eleven and a broker, all on the same cores; the books of
both are audited. What the gateway of a cluster costs is not in it: the client knows which service serves which path.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from farthing.embedded.postgres.ephemeral import ephemeral_data_dir
from farthing.embedded.postgres.server import EmbeddedPostgres
from farthing.embedded.services import MANIFESTS
from tests.benchmarks.load import control, cpu_seconds, run_client
from tests.benchmarks.yardstick import yardstick
from tests.broker import NatsServer
from tests.e2e.apart import OPERATOR, Apart, serving
from tests.needs import find_nats
from tests.postgres import PostgresServer
from tests.process import FarthingProcess, descendants

AIM = 2.5  # times the CPU of one process
IDLE = 10.0  # seconds


def used_by(processes: dict[str, int]) -> dict[str, float]:
    """CPU seconds of each process so far, its children's included."""
    return {name: sum(map(_used, [pid, *descendants(pid)])) for name, pid in processes.items()}


def _used(pid: int) -> float:
    try:
        return cpu_seconds(pid)
    except FileNotFoundError:  # it ended while we counted
        return 0.0


def microseconds(processes: dict[str, int], work: Callable[[], dict[str, Any]]) -> tuple[dict[str, Any], dict[str, int]]:
    """What the client found, and CPU of each process for one checkout."""
    before = used_by(processes)
    found = work()
    after = used_by(processes)
    return found, {name: round((after[name] - before[name]) / found["all"] * 1e6) for name in processes}


def checked(found: dict[str, Any], audit: dict[str, Any]) -> None:
    if not audit["balanced"] or audit["captures"] != found["all"]:
        raise SystemExit(f"{found['all']} checkouts, and the books say {audit}")


def one_process(clients: int, seconds: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="farthing-load-") as folder:
        platform = FarthingProcess(Path(folder) / "data")
        url = platform.start()
        try:
            processes = {"python": platform.pid}
            postgres = {"postgresql": platform.postgres_pid()}
            before = used_by(postgres)
            found, cost = microseconds(processes, lambda: run_client(url, clients, seconds))
            database = round((used_by(postgres)["postgresql"] - before["postgresql"]) / found["all"] * 1e6)
            checked(found, control(url, "GET", "ledger/audit"))
        finally:
            platform.stop()
    return {"per_second": found["per_second"], "python": cost["python"] - database, "postgresql": database}


@contextlib.contextmanager
def eleven() -> Iterator[tuple[Apart, dict[str, int]]]:
    """All processes over a database with durability on, and their pids by name."""
    program = find_nats()
    if program is None:
        raise SystemExit("a NATS server is needed: nats-server in the search path, or FARTHING_NATS_SERVER")
    with tempfile.TemporaryDirectory(prefix="farthing-load-") as folder, ephemeral_data_dir() as data, EmbeddedPostgres(data) as postgres:
        broker = NatsServer(program, Path(folder) / "jetstream")
        broker.start()
        try:
            with serving(PostgresServer(postgres), Path(folder) / "tokens", broker.url) as apart:
                pids = {name: process.pid for name, process in apart.processes.items()}
                yield apart, pids | {"nats": broker.pid, "postgresql": postgres.pid}
        finally:
            broker.kill()


def apart(clients: int, seconds: float) -> dict[str, Any]:
    with eleven() as (platform, processes):
        places = ",".join(
            f"{prefix}=http://127.0.0.1:{platform.outside[manifest.name]}" for manifest in MANIFESTS for prefix in manifest.public
        )
        os.environ["FARTHING_OPERATOR_TOKEN"] = OPERATOR
        memory = resident(processes)
        found, cost = microseconds(processes, lambda: run_client(places, clients, seconds))
        checked(found, platform.operate("GET", "/ledger/audit").json())
        grown = {name: round(now - memory[name], 1) for name, now in resident(processes).items()}
        before = used_by(processes)
        time.sleep(IDLE)
        idle = {name: round(100 * (now - before[name]) / IDLE, 1) for name, now in used_by(processes).items()}
    return {"per_second": found["per_second"], "cost": cost, "idle_percent": idle, "grown_mib": grown}


def resident(processes: dict[str, int]) -> dict[str, float]:
    """MiB."""
    pages = {name: int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for name, pid in processes.items()}
    return {name: count * os.sysconf("SC_PAGE_SIZE") / 2**20 for name, count in pages.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    sys.stderr.write("one process ...\n")
    together = one_process(options.clients, options.seconds)
    sys.stderr.write("one process for each service ...\n")
    split = apart(options.clients, options.seconds)
    python = sum(split["cost"].values()) - split["cost"]["nats"] - split["cost"]["postgresql"]
    ratio = (python + split["cost"]["nats"]) / together["python"]
    whole = sum(split["cost"].values()) / (together["python"] + together["postgresql"])
    ratios = {"python_and_broker": round(ratio, 2), "all": round(whole, 2), "aim": AIM}
    report = {"one_process_us": together, "apart_us": split | {"python": python}, "times_one_process": ratios, "yardstick": yardstick()}
    sys.stdout.write(json.dumps(report, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
