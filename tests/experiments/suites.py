"""Simplicity: the tests of one service, against all tests."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from tests.experiments.experiment import Experiment
from tests.experiments.section import Found, Say, Section, Table, percent, text
from tests.needs import ROOT

SERVICE = "webhooks"
KEPT = ROOT / "build" / "experiments" / "suites"
ALL = ("--ignore", "tests/clients")  # those judge what the others did, in a run of their own


@dataclass(frozen=True, slots=True)
class Suite:
    """`seconds` on the clock, `cpu` of all its processes."""

    tests: int
    failed: int
    seconds: float
    cpu: float


def run(*arguments: str) -> Suite:
    """One run of pytest, with two workers as `make test` has them."""
    with tempfile.TemporaryDirectory(prefix="farthing-suite-") as folder:
        report, output = Path(folder) / "report.xml", Path(folder) / "output"
        command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", "--junitxml", str(report), *arguments]
        began = time.monotonic()
        with output.open("wb") as file:
            pid = os.posix_spawn(
                command[0],
                command,
                {**os.environ, "PYTHONPATH": str(ROOT)},
                file_actions=[(os.POSIX_SPAWN_DUP2, file.fileno(), 1), (os.POSIX_SPAWN_DUP2, file.fileno(), 2)],
            )
            _, _, used = os.wait4(pid, 0)
        seconds = time.monotonic() - began
        if not report.exists():
            raise RuntimeError(output.read_text("utf-8", "replace")[-2000:])
        KEPT.mkdir(parents=True, exist_ok=True)
        shutil.copy(output, KEPT / f"{'-'.join(arguments).replace('/', '-').strip('-')}.txt")  # which test failed, if one did
        tests, failed = counts(report.read_text("utf-8"))
    return Suite(tests, failed, round(seconds, 1), round(used.ru_utime + used.ru_stime, 1))


def counts(report: str) -> tuple[int, int]:
    """Tests that ran and those that failed, from a JUnit report of our own run."""
    (suite,) = ET.fromstring(report).iter("testsuite")  # noqa: S314 - pytest wrote it a moment ago
    failed = int(suite.attrib["failures"]) + int(suite.attrib["errors"])
    return int(suite.attrib["tests"]) - int(suite.attrib["skipped"]), failed


def measure(say: Say) -> Found:
    found: dict[str, Suite] = {}
    for what, arguments in {SERVICE: (f"services/{SERVICE}/tests",), "all": ALL}.items():
        say(f"tests: {what}")
        found[what] = run(*arguments)
        say(f"  {found[what].tests} in {found[what].seconds} s")
    return {"suites": {what: {name: getattr(suite, name) for name in Suite.__slots__} for what, suite in found.items()}}


def tell(found: Found) -> Section:
    one, everything = found["suites"][SERVICE], found["suites"]["all"]
    rows = [
        (what, suite["tests"], suite["failed"], suite["seconds"], suite["cpu"]) for what, suite in ((SERVICE, one), ("all", everything))
    ]
    return Section(
        text(
            f"No difference: the tests of {SERVICE} alone take {percent(one['seconds'], everything['seconds'])} of the time of all, and do",
            "not know how it is deployed.",
        ),
        [
            text(
                "Two tests at a time, as `make test` has them.",
                "The services' own tests run a service with its tables and its edges in the tests' process; they neither need nor know",
                "how it is deployed. What only many processes need (brokers, tokens between services, rolling changes) is tested by",
                "the tests of the whole.",
            ),
            Table(("tests of", "tests", "failed", "seconds", "CPU seconds"), rows),
        ],
    )


EXPERIMENT = Experiment("suites", "Simplicity: one part can be understood alone", measure, tell, minutes=11)
