"""The price of being many: services with one and with three replicas each, at the same load."""

from __future__ import annotations

from tests.cluster.load import RATE
from tests.experiments.experiment import Experiment
from tests.experiments.modes import install
from tests.experiments.price import CLIENTS, FIGURES, RELATIVE, figures, measured, memory, milliseconds, relative
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
            "Only services are offered with replicas, and on one machine these cost: three of each took",
            f"{times(memory(three), memory(one))} the memory and {times(milliseconds(three, rate), milliseconds(one, rate))} the CPU",
            "for the same checkouts, p99 went from",
            f"{one['p99_ms']:.0f} to {three['p99_ms']:.0f} ms, and {CLIENTS} clients had {three['per_second']:.0f} checkouts a second",
            f"instead of {one['per_second']:.0f}.",
        ),
        [
            text(
                "The chart runs the one process once: it holds its database, clock and faults itself, and a second one beside it is",
                "not offered. Services scale each alone; here all were scaled at once, which costs most. All share the processors of one",
                "machine, so what is measured is the price of replicas and not what they bring elsewhere.",
            ),
            Table(("replicas of each", *FIGURES), [(row["replicas"], *figures(row, rate)) for row in rows]),
            Bars("replicas", "Three replicas of each service", "times one replica", RELATIVE, _relative(rows, rate)),
        ],
    )


def _relative(rows: list[Found], rate: float) -> dict[str, list[float]]:
    return relative({f"{row['replicas']} of each": row for row in rows}, rate)


EXPERIMENT = Experiment("replicas", "And the price", measure, tell, minutes=7, cluster=True)
