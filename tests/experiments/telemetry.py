"""What telemetry costs: the one process with as much of it as a cluster has, with what it always has, and with none, in turn, in one run.

There is no switch that turns counting off, since nobody wants a platform that cannot be seen; so that it can be measured all the same, a
`sitecustomize` replaces what counts by nothing, in the measured process alone.
"""

from __future__ import annotations

import contextlib
import http.server
import statistics
import tempfile
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.benchmarks.load import control, cpu_seconds, run_client
from tests.experiments.experiment import Experiment
from tests.experiments.section import Bars, Found, Say, Section, Table, text
from tests.ports import free_ports
from tests.process import FarthingProcess

WAYS = ("none", "counted", "all")  # nothing is counted; as `farthing up` is; and spans exported, metrics read
ROUNDS = 9  # many short ones: the machine's speed changes from minute to minute by more than what is measured
SECONDS, CLIENTS = 8.0, 32
RATIO = "0.02"  # of traces, as on the cluster
EVERY = 5.0  # seconds between two readings of the metrics
AIM = 10.0  # percent of throughput

NOTHING = """\
import contextlib

from prometheus_client import Counter, Gauge, Histogram

from farthing.kit.db.database import Database
from farthing.kit.telemetry.metrics import Metrics
from farthing.ledger.operations.measures import Measures

UNTRACED = contextlib.nullcontext()


def nothing(self, *values, **named):
    return None


async def later(self):
    return None


Counter.inc = Gauge.set = Histogram.observe = Metrics.served = nothing
Measures.look = later
Database.traced = lambda self, sql: UNTRACED
"""


class _Sink(http.server.BaseHTTPRequestHandler):
    """Takes spans as a collector does, and forgets them."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.server.received += 1  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@contextlib.contextmanager
def sink() -> Iterator[http.server.ThreadingHTTPServer]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Sink)
    server.received = 0  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def scraping(port: int) -> Iterator[list[int]]:
    """Read the metrics as Prometheus does; answers the sizes of what was read."""
    sizes: list[int] = []
    over = threading.Event()

    def read() -> None:
        while not over.wait(EVERY):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
                sizes.append(len(answer.read()))

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield sizes
    finally:
        over.set()
        thread.join()


def measure(say: Say) -> Found:
    rows = []
    with sink() as collector:
        for number in range(ROUNDS):
            for way in WAYS[number % len(WAYS) :] + WAYS[: number % len(WAYS)]:  # each comes first, and last, as often
                rows.append({"round": number, "way": way, **_measured(way, collector.server_address[1])})
                say(f"round {number + 1}/{ROUNDS} {way}: {rows[-1]['per_second']} checkouts/s, {rows[-1]['python_us']} us of Python each")
        exported = collector.received  # type: ignore[attr-defined]
    return {"rows": rows, "exports": exported, "ratio": float(RATIO), "seconds": SECONDS}


def _measured(way: str, collector: int) -> Found:
    (port,) = free_ports(1)
    with tempfile.TemporaryDirectory(prefix="farthing-telemetry-") as folder:
        platform = FarthingProcess(Path(folder) / "data", environment=environment(way, Path(folder), collector, port))
        url = platform.start()
        try:
            with contextlib.ExitStack() as stack:
                sizes = stack.enter_context(scraping(port)) if way == "all" else []
                before = cpu_seconds(platform.pid)
                found = run_client(url, CLIENTS, SECONDS)
                used = cpu_seconds(platform.pid) - before
            audit = control(url, "GET", "ledger/audit")
        finally:
            platform.stop()
    if not audit["balanced"] or audit["captures"] != found["all"]:
        raise RuntimeError(f"{found['all']} checkouts, and the books say {audit}")
    figures = {"per_second": found["per_second"], "p50_ms": found["p50_ms"], "p99_ms": found["p99_ms"]}
    return figures | {"python_us": round(used / found["all"] * 1e6), "readings": len(sizes)}


def environment(way: str, folder: Path, collector: int, metrics: int) -> dict[str, str]:
    """What the process is told, so that it does as much as `way` says."""
    if way == "none":
        (folder / "patched").mkdir()
        (folder / "patched" / "sitecustomize.py").write_text(NOTHING, "utf-8")
        return {"PYTHONPATH": str(folder / "patched")}
    if way == "counted":
        return {}
    spans = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector}", "FARTHING_TRACE_RATIO": RATIO}
    return spans | {"FARTHING_METRICS_PORT": str(metrics)}


def cost(rows: list[Found], way: str, figure: str) -> float:
    """Percent that `way` costs against none: the median of the rounds."""
    return statistics.median(by_round(rows, way, figure))


def by_round(rows: list[Found], way: str, figure: str) -> list[float]:
    """Percent that `way` costs against none in the same round. Throughput less is a cost, CPU more."""
    by: Mapping[tuple[int, str], float] = {(row["round"], row["way"]): row[figure] for row in rows}
    rounds = sorted({row["round"] for row in rows})
    return [100 * (by[number, way] / by[number, "none"] - 1) * (-1 if figure == "per_second" else 1) for number in rounds]


def tell(found: Found) -> Section:
    rows = found["rows"]
    less, more = cost(rows, "all", "per_second"), cost(rows, "all", "python_us")
    each = by_round(rows, "all", "per_second")
    aim = f"the aim of {AIM:g} %"
    held = f"{aim} holds" if max(each) <= AIM else f"{aim} does not hold" if min(each) > AIM else f"whether {aim} holds is undecided"
    return Section(
        text(
            f"All telemetry costs the one process {less:.1f} % of its throughput and {more:.1f} % more CPU of Python:",
            f"{held} ({round(min(each))} to {round(max(each))} % by round).",
        ),
        [
            text(
                f"{_rounds(rows)} rounds in one run, in each of them every way once, in turn: nothing counted (what counts replaced by",
                f"nothing in that process), counted as `farthing up` always does, and all: {found['ratio']:.0%} of the traces exported,",
                f"metrics read every {EVERY:g} s. {CLIENTS} clients, {found['seconds']:g} s each, the books audited after each. Costs are",
                "medians over rounds, each compared with the same round.",
            ),
            Table(
                ("", "checkouts/s", "throughput lost", "CPU of Python, µs", "more CPU", "p50, ms", "p99, ms"),
                [_row(rows, way) for way in WAYS],
            ),
            Bars("telemetry", "CPU of Python for a checkout", "µs", [f"round {n + 1}" for n in range(_rounds(rows))], _series(rows)),
        ],
    )


def _row(rows: list[Found], way: str) -> tuple[object, ...]:
    middle = {
        figure: statistics.median(row[figure] for row in rows if row["way"] == way)
        for figure in ("per_second", "python_us", "p50_ms", "p99_ms")
    }
    lost = [f"{cost(rows, way, figure):.1f} %" if way != "none" else None for figure in ("per_second", "python_us")]
    return way, middle["per_second"], lost[0], middle["python_us"], lost[1], middle["p50_ms"], middle["p99_ms"]


def _rounds(rows: list[Found]) -> int:
    return len({row["round"] for row in rows})


def _series(rows: list[Found]) -> dict[str, list[float]]:
    return {way: [row["python_us"] for row in rows if row["way"] == way] for way in WAYS}


EXPERIMENT = Experiment("telemetry", "Beside the claims: what telemetry costs", measure, tell, minutes=6)
