"""Measure the claims, keep what was found, and write docs/experiments.md from it: `python -m tests.experiments [NAME ...]`.

NAME is an experiment, or `document`: then only the page is written, from what was measured earlier.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from tests.cluster.kube import CommandFailed, Kube
from tests.experiments import (
    cochange,
    contracts,
    flexibility,
    plots,
    price,
    reading,
    replicas,
    robustness,
    security,
    suites,
    telemetry,
    updates,
)
from tests.experiments.document import sections, write
from tests.experiments.experiment import COMMITTED, MEASURED, Experiment, kept, run
from tests.experiments.modes import leave_as_found
from tests.needs import ROOT
from tools import cluster

EXPERIMENTS: tuple[Experiment, ...] = (
    reading.EXPERIMENT,
    suites.EXPERIMENT,
    updates.EXPERIMENT,
    cochange.EXPERIMENT,
    contracts.EXPERIMENT,
    robustness.EXPERIMENT,
    security.EXPERIMENT,
    flexibility.EXPERIMENT,
    price.EXPERIMENT,
    replicas.EXPERIMENT,
    telemetry.EXPERIMENT,
)
DOCUMENT = "document"
PAGE = ROOT / "docs" / "experiments.md"


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def chosen(names: Sequence[str]) -> list[Experiment]:
    """All, or those that are named, in their order. Raises SystemExit for a name that is none."""
    known = [experiment.name for experiment in EXPERIMENTS]
    wrong = [name for name in names if name not in {*known, DOCUMENT}]
    if wrong:
        raise SystemExit(f"there is no experiment {wrong[0]!r}: choose from {', '.join(known)}, or {DOCUMENT}")
    return [experiment for experiment in EXPERIMENTS if not names or experiment.name in names]


def measure(experiments: Sequence[Experiment]) -> list[str]:
    """One after the other; what fails is told and left out. Answers the names of those that failed."""
    failed = []
    for number, experiment in enumerate(experiments, 1):
        say(f"{number}/{len(experiments)} {experiment.name} ...")
        began = time.monotonic()
        try:
            file = run(experiment, lambda text: say(f"    {text}"))
        except Exception:  # noqa: BLE001 - one of a dozen may fail, and the others are worth their hours
            failed.append(experiment.name)
            say(traceback.format_exc())
        else:
            COMMITTED.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, COMMITTED / file.name)
            publish()  # at once: the tests that the next one may run want a page of the same data
            say(f"    {time.monotonic() - began:.0f} s, {file.relative_to(ROOT)}")
    return failed


def publish() -> list[Path]:
    """Write the page from all that was measured, and answer its plots."""
    measured = kept()
    drawn = [plots.draw(plot) for section in sections(EXPERIMENTS, measured).values() for plot in section.plots]
    PAGE.write_text(write(EXPERIMENTS, measured), "utf-8")
    return drawn


def _listed() -> str:
    lines = [f"  {one.name:18}{one.minutes:3} min{', needs make cluster' if one.cluster else ''}" for one in EXPERIMENTS]
    return "\n".join(["experiments:", *lines, f"  {DOCUMENT:18}  only writes the page from what was measured earlier"])


def need_cluster(experiments: Sequence[Experiment]) -> None:
    """Raises SystemExit when there is no platform to measure."""
    names = [experiment.name for experiment in experiments if experiment.cluster]
    if not names:
        return
    others = f'without one: make experiments ONLY="{" ".join(one.name for one in EXPERIMENTS if not one.cluster)}"'
    try:
        Kube().ctl("get", "namespace", Kube().namespace)
    except (CommandFailed, FileNotFoundError) as error:
        raise SystemExit(f"{', '.join(names)}: no platform on the cluster: make cluster ({error}); {others}") from None
    if not cluster.TAGS.exists():
        raise SystemExit(f"{', '.join(names)}: {cluster.TAGS.relative_to(ROOT)} is missing: make cluster, from this clone")


def main() -> int:
    """Exit code 1 when an experiment failed."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.experiments",
        description=__doc__,
        epilog=_listed(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="which experiments; all when left out")
    experiments = chosen(parser.parse_args().names)
    need_cluster(experiments)
    with leave_as_found(wanted=any(experiment.cluster for experiment in experiments), say=say):
        failed = measure(experiments)
    for plot in publish():
        say(f"    {plot.relative_to(ROOT)}")
    said = f" ({MEASURED.relative_to(ROOT)}: what this run measured)" if experiments else ""
    say(f"{PAGE.relative_to(ROOT)} is written from {COMMITTED.relative_to(ROOT)}{said}")
    if failed:
        say(f"FAILED: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
