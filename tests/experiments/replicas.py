"""The price of being many: services with one and with three replicas each, at the same load."""

from __future__ import annotations

from tests.cluster.load import RATE
from tests.experiments.experiment import Experiment
from tests.experiments.modes import install
from tests.experiments.price import measured, memory, milliseconds
from tests.experiments.section import Bars, Found, Say, Section, Table, text, times

COUNTS = (1, 3)


def measure(say: Say) -> Found:
    rows = [measured(install("split", say, f"defaults.replicas={count}"), say) | {"replicas": count} for count in COUNTS]
    return {"rate": RATE, "rows": rows}


def tell(found: Found) -> Section:
    rows, rate = found["rows"], found["rate"]
    one, three = rows
    return Section(
        text(
            f"Only services can: three of each took {times(memory(three), memory(one))} the memory and",
            f"{times(milliseconds(three, rate), milliseconds(one, rate))} the CPU for the same checkouts.",
        ),
        [
            text(
                "The chart runs the one process once: it holds its database, clock and faults itself, and a second one beside it is",
                "not offered. Services scale each alone; here all were scaled at once, which costs most. On one machine more replicas",
                "bring no more throughput, so what is measured is their price alone.",
            ),
            Table(
                (
                    "replicas of each",
                    "pods",
                    "CPU of a checkout, ms",
                    "idle, cores",
                    "memory, MiB",
                    "p50, ms",
                    "p99, ms",
                    "failed requests",
                    "checkouts/s at most",
                ),
                [
                    (
                        row["replicas"],
                        row["pods"],
                        milliseconds(row, rate),
                        sum(part["cores"] for part in row["idle"].values()),
                        memory(row),
                        row["p50_ms"],
                        row["p99_ms"],
                        row["failed"],
                        row["per_second"],
                    )
                    for row in rows
                ],
            ),
            Bars("replicas", "Three replicas of each service", "times one replica", ("CPU", "memory", "p50", "p99"), _series(rows, rate)),
        ],
    )


def _series(rows: list[Found], rate: float) -> dict[str, list[float]]:
    values = [(milliseconds(row, rate), memory(row), row["p50_ms"], row["p99_ms"]) for row in rows]
    return {
        f"{row['replicas']} of each": [round(value / one, 2) if one else 0.0 for value, one in zip(of, values[0], strict=True)]
        for row, of in zip(rows, values, strict=True)
    }


EXPERIMENT = Experiment("replicas", "And the price", measure, tell, cluster=True)
