"""Flexibility: `processor` written in TypeScript takes the place of the one in Python while customers pay by card, and gives it back."""

from __future__ import annotations

import time

from tests.cluster.kube import CLUSTER, run
from tests.cluster.served import Served
from tests.experiments.experiment import Experiment
from tests.experiments.modes import Installed, install
from tests.experiments.section import Found, Say, Section, Table, text
from tests.experiments.updates import WARM, outcome
from tests.needs import ROOT

SERVICE = "processor"
VERSION = "0.1.0-ts"
IMAGE = f"farthing/processor-typescript:{VERSION}"
FOLDER = "examples/processor-typescript"
SECONDS = 110.0
_BUILDING = 900.0
_SUITE = "services/processor/tests/test_contract*.py"  # runs against both


def measure(say: Say) -> Found:
    say(f"{IMAGE} ...")
    began = time.monotonic()
    run("docker", "build", "-t", IMAGE, "--build-arg", f"FARTHING_VERSION={VERSION}", str(ROOT / FOLDER), timeout=_BUILDING)
    run("kind", "load", "docker-image", "--name", CLUSTER, IMAGE, timeout=_BUILDING)
    built = time.monotonic() - began
    return {"building_s": round(built, 1), "lines": lines(), **_swapped(install("split", say), say)}


def lines() -> Found:
    return {
        "Python": _lines("services/processor/src/**/*.py"),
        "what Python has from kit and standalone": _lines("libs/kit/src/**/*.py") + _lines("libs/standalone/src/**/*.py"),
        "TypeScript": _lines(f"{FOLDER}/src/**/*.ts"),
        "contract suite": _lines(_SUITE),
    }


def _lines(pattern: str) -> int:
    return sum(len(path.read_text("utf-8").splitlines()) for path in ROOT.glob(pattern))


def _swapped(installed: Installed, say: Say) -> Found:
    say("swapped under load, and back")
    rollout, before, old = installed.rollout(SERVICE), installed.helm.revision(), installed.kube.pod_names(SERVICE)
    with installed.load(SECONDS) as load, Served(installed.kube, SERVICE) as served:
        time.sleep(WARM)
        began = time.monotonic()
        installed.helm.upgrade(f"services.{SERVICE}.implementation={IMAGE}")
        rollout.wait_replaced(old)
        there = time.monotonic() - began
        other = installed.kube.pod_names(SERVICE)
        time.sleep(4 * WARM)
        began = time.monotonic()
        installed.helm.rollback(before)
        rollout.wait_replaced(other)
        back = time.monotonic() - began
        figures = load.finish()
    cards = figures.all["operations"].get("card", {"good": 0})["good"]
    return {"there_s": round(there, 1), "back_s": round(back, 1), "served": dict(served.by_version()), "cards": cards, **outcome(figures)}


def tell(found: Found) -> Section:
    served, lines_of = found["served"], found["lines"]
    return Section(
        text(
            f"{'Against services' if found['failed'] else 'For services'}: {SERVICE} in TypeScript took the place of",
            f"the one in Python under load with {found['failed']} failed requests; the one process runs Python only.",
        ),
        [
            text(
                f"[{FOLDER}](../{FOLDER}/README.md) passes the same contract suite ({lines_of['contract suite']:,} lines, run by `make",
                f"test`) and serves the same tables. It was the easiest choice: {SERVICE} calls no other service. It was brought by",
                f"`services.{SERVICE}.implementation` and taken back by `helm rollback`, both while {found['checkouts']:,} checkouts",
                f"came, {found['cards']:,} of them paid by card.",
            ),
            Table(
                ("there, s", "back, s", "failed requests", "of", "checkouts not finished", "requests to each version"),
                [
                    (
                        found["there_s"],
                        found["back_s"],
                        found["failed"],
                        found["requests"],
                        found["checkouts"] - found["finished"],
                        ", ".join(f"{count} by {name}" for name, count in sorted(served.items())),
                    )
                ],
            ),
            text(
                f"The freedom has its price: {lines_of['TypeScript']:,} lines of TypeScript do what {lines_of['Python']:,} lines of",
                f"Python do over {lines_of['what Python has from kit and standalone']:,} that all services share, since tokens, traces,",
                "metrics, clock and faults have to be had once more in each language.",
            ),
            *[f"Not exact: {problem}" for problem in found["problems"]],
        ],
    )


EXPERIMENT = Experiment("flexibility", "Flexibility: another language or framework", measure, tell, minutes=3, cluster=True)
