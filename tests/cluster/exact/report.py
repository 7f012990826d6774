"""What a run comes to: figures for people and for other programs."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.cluster.exact.arrivals import BEHIND
from tests.cluster.exact.books import Verdict
from tests.cluster.exact.record import Exchange, Record

STANDSTILL = 5.0  # seconds for which a machine may stand still, and the load still says something about the platform
PATH = ("create", "approve", "capture", "card", "get")  # the operations of a payment


@dataclass(frozen=True, slots=True)
class Report:
    """A record and its verdict."""

    record: Record
    verdict: Verdict

    @property
    def problems(self) -> tuple[str, ...]:
        """Why the run proves nothing, or proves a fault; failed requests are not among them (see `failures`)."""
        return (*self._uneven(), *self.verdict.problems)

    def _uneven(self) -> Iterator[str]:
        """The client itself was too slow: what it did was not the load that was asked for."""
        record, started = self.record, len(self.record.checkouts)
        if started < record.wanted:
            yield f"only {started} of {record.wanted} checkouts were started"
        if record.behind > max(record.wanted / 10, STANDSTILL * record.rate):
            yield f"{record.behind} of {record.wanted} checkouts were started more than {BEHIND:g} s late"

    @property
    def failures(self) -> Counter[tuple[str, str]]:
        """Requests that failed, by operation and how."""
        return Counter((e.operation, e.failure) for e in self.record.exchanges if e.failure)

    @property
    def unfinished(self) -> int:
        """Checkouts that did not come to their end, retries included."""
        return sum(not checkout.finished for checkout in self.record.checkouts)

    @property
    def failures_by_second(self) -> dict[int, Counter[str]]:
        found: dict[int, Counter[str]] = {}
        for e in self.record.exchanges:
            if e.failure:
                found.setdefault(int(e.end), Counter())[f"{e.operation} {e.failure}"] += 1
        return dict(sorted(found.items()))

    def longest_gap(self, *operations: str) -> float:
        """The longest time (seconds) without one success of these operations, from the first arrival to the last answer."""
        good = sorted(e.end for e in self.record.exchanges if e.operation in (operations or PATH) and not e.failure)
        last = max((e.end for e in self.record.exchanges), default=0.0)
        moments = [0.0, *good, last]
        return max(later - earlier for earlier, later in itertools.pairwise(moments))

    def latencies(self) -> dict[str, tuple[int, float, float]]:
        """By operation: successes, and p50 and p99 of them in seconds."""
        times: dict[str, list[float]] = {}
        for e in self.record.exchanges:
            if not e.failure:
                times.setdefault(e.operation, []).append(e.seconds)
        return {operation: (len(found), *_percentiles(found)) for operation, found in times.items()}

    def checkouts(self) -> tuple[float, float]:
        """p50 and p99 of the seconds that the requests of a finished checkout took, one after the other; 0 if there was none."""
        took: dict[int, float] = {}
        for e in self.record.exchanges:
            took[e.checkout] = took.get(e.checkout, 0.0) + e.seconds
        times = [took[checkout.number] for checkout in self.record.checkouts if checkout.finished]
        return _percentiles(times) if times else (0.0, 0.0)

    def failed(self) -> list[Exchange]:
        return [e for e in self.record.exchanges if e.failure]

    def figures(self) -> dict[str, Any]:
        """All of it, for JSON."""
        record, verdict = self.record, self.verdict
        return {
            "wanted": record.wanted,
            "started": len(record.checkouts),
            "rate": record.rate,
            "retries": record.retries,
            "late": record.late,
            "latest_ms": round(record.latest * 1000, 1),
            "finished": len(record.checkouts) - self.unfinished,
            "acknowledged": verdict.acknowledged,
            "in_books": verdict.in_books,
            "unknown": {str(number): fate for number, fate in verdict.resolved.items()},
            "fates": dict(Counter(checkout.fate for checkout in record.checkouts)),
            "problems": list(self.problems),
            "operations": {
                operation: {"good": good, "p50_ms": round(p50 * 1000, 1), "p99_ms": round(p99 * 1000, 1)}
                for operation, (good, p50, p99) in self.latencies().items()
            },
            "requests": len(record.exchanges),
            "checkout_ms": [round(seconds * 1000, 1) for seconds in self.checkouts()],
            "failures": {f"{operation} {how}": times for (operation, how), times in self.failures.items()},
            "failures_by_second": {str(second): dict(found) for second, found in self.failures_by_second.items()},
            "failed_debug_ids": [e.debug_id for e in self.failed() if e.debug_id][:20],
            "longest_gap_s": round(self.longest_gap(), 2),
            "longest_gap_by_operation_s": {operation: round(self.longest_gap(operation), 2) for operation in self.latencies()},
        }

    def table(self) -> str:
        """A screen for people."""
        figures = self.figures()
        lines = [f"{'operation':<10} {'good':>6} {'failed':>6} {'p50 ms':>8} {'p99 ms':>8}"]
        failed = Counter(e.operation for e in self.failed())
        for operation in sorted({*figures["operations"], *failed}):
            shown = figures["operations"].get(operation, {"good": 0, "p50_ms": "-", "p99_ms": "-"})
            lines.append(f"{operation:<10} {shown['good']:>6} {failed[operation]:>6} {shown['p50_ms']:>8} {shown['p99_ms']:>8}")
        lines.append(f"started {figures['started']} of {figures['wanted']}, late {figures['late']} (worst {figures['latest_ms']} ms)")
        lines.append(f"acknowledged {figures['acknowledged']}, in the books {figures['in_books']}, unknown {len(figures['unknown'])}")
        lines.append(f"longest time without a success {figures['longest_gap_s']} s")
        lines += [f"  failed: {what} x {times}" for what, times in figures["failures"].items()]
        lines += [f"  PROBLEM: {problem}" for problem in figures["problems"]]
        return "\n".join(lines)


def _percentiles(times: list[float]) -> tuple[float, float]:
    ordered = sorted(times)
    return ordered[(len(ordered) - 1) // 2], ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
