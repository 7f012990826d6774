"""Whether the machine itself was taken away from an experiment: on a shared host other guests may get most of the processors for minutes.

Steal is time in which a processor had something to run and the host did not let it (proc_stat(5)). An experiment that fails while that was
a large share says nothing about the platform: it is repeated, and the run says so. One that fails on a machine of its own has failed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest
from _pytest.runner import runtestprotocol

T = TypeVar("T")
TOO_MUCH = 0.2  # of all processor time
REPEATS = 2
LONGEST_WAIT = 300.0  # seconds for the machine to come back
_STEAL = 7  # user, nice, system, idle, iowait, irq, softirq, steal


def processor_times(text: str) -> tuple[int, int]:
    """Stolen and all ticks since the start, from /proc/stat."""
    ticks = [int(word) for word in text.splitlines()[0].split()[1:9]]
    return ticks[_STEAL], sum(ticks)


@dataclass
class Watch:
    """The share of processor time that was stolen since it was made."""

    read: Callable[[], str] = Path("/proc/stat").read_text

    def __post_init__(self) -> None:
        self._began = processor_times(self.read())

    def share(self) -> float:
        stolen, total = processor_times(self.read())
        return (stolen - self._began[0]) / max(1, total - self._began[1])


def wait_for_the_machine(seconds: float = LONGEST_WAIT) -> None:
    """Until little is stolen, or the time is over: then the experiment is made as it is."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        watch = Watch()
        time.sleep(3)
        if watch.share() < TOO_MUCH:
            return


def repeat_when_robbed(item: pytest.Item, nextitem: pytest.Item | None, say: Callable[[str], None]) -> None:
    """Run a test, and again from its setup when it failed on a machine that was not its own."""
    reports, share = _run(item, nextitem)
    for _ in range(REPEATS):
        if share < TOO_MUCH or not any(report.failed for report in reports):
            break
        say(f"{item.nodeid} failed while {share:.0%} of the processors' time went to others: repeated")
        item._initrequest()  # type: ignore[attr-defined]  # its fixtures anew, as pytest-rerunfailures does it
        reports, share = _run(item, nextitem)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)


def repeated(do: Callable[[], T]) -> T:
    """For what several tests look at afterwards: do it, and again when it failed on a machine that was not its own."""
    for _ in range(REPEATS):
        wait_for_the_machine()
        watch = Watch()
        try:
            return do()
        except Exception:
            if watch.share() < TOO_MUCH:
                raise
    return do()


def _run(item: pytest.Item, nextitem: pytest.Item | None) -> tuple[list[pytest.TestReport], float]:
    """Once; answers its reports and the share that was stolen meanwhile."""
    wait_for_the_machine()
    watch = Watch()
    reports = runtestprotocol(item, nextitem=nextitem, log=False)
    return reports, watch.share()
