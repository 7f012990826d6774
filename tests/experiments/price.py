"""The price: CPU, memory and time of a checkout in both modes, at the same load and at as much as goes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

from tests.benchmarks.load import run_client
from tests.cluster import usage
from tests.cluster.load import RATE, URL
from tests.experiments.experiment import Experiment
from tests.experiments.modes import Installed, install
from tests.experiments.section import CALLED, MODES, Bars, Found, Say, Section, Table, text, times
from tests.experiments.updates import outcome

SECONDS = 100.0  # of load at a constant rate, at least
WARM, TAIL = 15.0, 10.0  # of these not looked at
IDLE = 40.0
CLIENTS, AT_MOST = 32, 45.0
CORE_HOUR, GIB_HOUR = 0.04048, 0.004445  # $, a cloud's list price for containers: AWS Fargate, Linux on x86, us-east-1
FIGURES = (
    "pods of the platform",
    "CPU of a checkout, ms",
    f"first {IDLE:g} s, without load, cores",
    "memory, MiB",
    "a million checkouts, $",
    "p50, ms",
    "p99, ms",
    "failed requests",
    f"{CLIENTS} clients: checkouts/s",
)
_OF_SERVICES = ("nats", "postgresql")  # they run on in the other mode, unused: the one process has its own database and no broker
RELATIVE = ("CPU", "memory", "cost", "p50", "p99")


def measure(say: Say) -> Found:
    return {"rate": RATE, "rows": [measured(install(mode, say), say) for mode in MODES]}


def measured(installed: Installed, say: Say) -> Found:
    """Idle, then at a constant rate, then with as many checkouts as CLIENTS make who wait for each answer."""
    say("idle")
    idle = used(installed, IDLE)
    say(f"{RATE:g} checkouts a second")
    with installed.load(SECONDS) as load:
        time.sleep(WARM)
        busy = used(installed, SECONDS - WARM - TAIL)
        figures = load.finish(after=0)
    say(f"{CLIENTS} clients")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run_client, URL, CLIENTS, AT_MOST, installed.operator)
        time.sleep(WARM)
        full = used(installed, AT_MOST - WARM - TAIL / 2)
        most = running.result()
    p50, p99 = figures.all["checkout_ms"]
    return {
        "mode": installed.mode,
        "pods": sum(len(installed.kube.pod_names(component)) for component in installed.components),
        "idle": {part: asdict(one) for part, one in idle.items()},
        "busy": {part: asdict(one) for part, one in busy.items()},
        "full": {part: asdict(one) for part, one in full.items()},
        "p50_ms": p50,
        "p99_ms": p99,
        "per_second": most["per_second"],
        "most_p50_ms": most["p50_ms"],
        "most_p99_ms": most["p99_ms"],
        **outcome(figures),
    }


def used(installed: Installed, seconds: float) -> dict[str, usage.Used]:
    """By part of the platform, over so many seconds."""
    before = usage.look(installed.kube)
    time.sleep(seconds)
    return usage.between(before, usage.look(installed.kube), usage.parts(installed.kube))


def parts(row: Found, when: str) -> dict[str, Found]:
    """What the mode needs when it is `idle`, `busy` (at the constant rate) or `full` (as many checkouts as go)."""
    return {part: one for part, one in row[when].items() if row["mode"] == "split" or part not in _OF_SERVICES}


def milliseconds(row: Found, rate: float, when: str = "busy") -> float:
    """CPU of a checkout: all parts, gateway, database and broker included, at so many a second."""
    return 1000 * sum(float(part["cores"]) for part in parts(row, when).values()) / rate


def memory(row: Found) -> float:
    """MiB of all parts at the end of the load."""
    return sum(float(part["memory"]) for part in parts(row, "busy").values())


def dollars(row: Found, rate: float) -> float:
    """What a million checkouts cost at that rate, for the CPU that was used and the memory that was held meanwhile."""
    an_hour = milliseconds(row, rate) / 1000 * rate * CORE_HOUR + memory(row) / 1024 * GIB_HOUR
    return an_hour / (3600 * rate) * 1e6


def figures(row: Found, rate: float) -> tuple[float, ...]:
    """What FIGURES names."""
    idle = sum(float(part["cores"]) for part in parts(row, "idle").values())
    return (
        row["pods"],
        milliseconds(row, rate),
        idle,
        memory(row),
        dollars(row, rate),
        row["p50_ms"],
        row["p99_ms"],
        row["failed"],
        row["per_second"],
    )


def relative(rows: Mapping[str, Found], rate: float) -> dict[str, list[float]]:
    """By row, how many times the first one's it took, of what RELATIVE names."""
    values = {name: (milliseconds(row, rate), memory(row), dollars(row, rate), row["p50_ms"], row["p99_ms"]) for name, row in rows.items()}
    first = next(iter(values.values()))
    return {name: [round(value / one, 2) if one else 0.0 for value, one in zip(of, first, strict=True)] for name, of in values.items()}


def tell(found: Found) -> Section:
    rows = {row["mode"]: row for row in found["rows"]}
    cpu = {mode: milliseconds(rows[mode], found["rate"]) for mode in MODES}
    used_memory = {mode: memory(rows[mode]) for mode in MODES}
    cheaper = "the one process" if cpu["embedded"] < cpu["split"] else "services"
    return Section(
        text(
            f"For {cheaper}: a checkout as services took {times(cpu['split'], cpu['embedded'])} the CPU of one process and",
            f"{times(used_memory['split'], used_memory['embedded'])} the memory; {CLIENTS} clients had",
            f"{rows['embedded']['per_second']:.0f} checkouts a second from one process and",
            f"{rows['split']['per_second']:.0f} from services.",
        ),
        [
            text(
                f"{found['rate']:g} checkouts a second by the exact client for {SECONDS:g} s, each with its further step now and then,",
                f"then {CLIENTS} clients that wait for each answer. CPU and memory as each node's kubelet measures the pods: with",
                "the gateway and what the mode needs besides (services a database and a broker; the one process has its database in its",
                "pod and no broker), without what sees them. The one process begins with empty tables, services with those that earlier",
                f"experiments left: PostgreSQL has {_of_postgresql(rows['split']):.0f} MiB of their memory. The first seconds still have",
                "work of the start in them. Load and cluster share the machine. The clients only create, approve, capture and show,",
                "without further steps, and a busy process does more at each turn: compare between the modes, not between the two",
                f"loads. Cost: the CPU used and the memory held, at AWS Fargate's list price (Linux on x86, us-east-1: {CORE_HOUR:g} $ for",
                f"a core and {GIB_HOUR:g} $ for a GiB, each hour). It is the least: rented containers are paid for what each reserves,",
                "and eleven reservations add up to more than one.",
            ),
            Table(
                ("", *FIGURES, *(f"{CLIENTS} clients: {what}, ms" for what in ("CPU of a checkout", "p50", "p99"))),
                [(CALLED[mode], *figures(row, found["rate"]), *_full(row)) for mode, row in rows.items()],
            ),
            Bars(
                "price",
                "What services take of each, one process being 1",
                "times one process",
                RELATIVE,
                relative({CALLED[mode]: rows[mode] for mode in MODES}, found["rate"]),
            ),
            "CPU of a checkout and memory by part:",
            _by_part(found),
        ],
    )


def _of_postgresql(row: Found) -> float:
    return float(row["busy"].get("postgresql", {"memory": 0})["memory"])


def _full(row: Found) -> tuple[float, ...]:
    return milliseconds(row, row["per_second"], "full"), row["most_p50_ms"], row["most_p99_ms"]


def _by_part(found: Found) -> Table:
    rows = [
        (CALLED[row["mode"]], part, 1000 * one["cores"] / found["rate"], one["memory"])
        for row in found["rows"]
        for part, one in parts(row, "busy").items()
    ]
    return Table(("", "part", "CPU of a checkout, ms", "memory, MiB"), rows)


EXPERIMENT = Experiment("price", "And the price", measure, tell, minutes=8, cluster=True)
