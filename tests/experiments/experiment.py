"""An experiment, and what is kept of it: a file of JSON each, so that an interrupted run loses none and each can be run alone."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks.yardstick import yardstick
from tests.cluster.robbed import Watch
from tests.experiments.section import Found, Say, Section
from tests.needs import ROOT

MEASURED = ROOT / "build" / "experiments" / "claims"
COMMITTED = ROOT / "docs" / "data" / "experiments"
# What an earlier experiment of the same run has written is no change of what is measured.
_WRITTEN = (":!docs/data/experiments", ":!docs/experiments.md", ":!docs/images")


@dataclass(frozen=True, slots=True)
class Experiment:
    """`claim`: what is claimed for microservices. `cluster`: it needs the cluster of `make cluster`. `minutes`: that it takes about."""

    name: str
    claim: str
    measure: Callable[[Say], Found]
    tell: Callable[[Found], Section]
    minutes: int
    cluster: bool = False


def run(experiment: Experiment, say: Say, folder: Path = MEASURED) -> Path:
    """Measure, and keep what was found with its circumstances; answers the file."""
    watch = Watch()
    found = experiment.measure(say)
    return keep(experiment.name, found | {"circumstances": _circumstances(watch)}, folder)


def keep(name: str, found: Found, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.json"
    file.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", "utf-8")
    return file


def kept(folder: Path = COMMITTED) -> dict[str, Found]:
    """By experiment, what was measured."""
    return {file.stem: json.loads(file.read_text("utf-8")) for file in sorted(folder.glob("*.json"))}


def _circumstances(watch: Watch) -> Found:
    """When, of what, and on how fast a machine; `stolen`: the share of processor time that the host gave to others."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": measured_commit(),
        "processors": os.cpu_count(),
        "yardstick": yardstick(),
        "stolen": round(watch.share(), 3),
    }


def measured_commit(root: Path = ROOT) -> str:
    """With a + when the tree is not what was committed."""
    changed = git("status", "--porcelain", "--", ".", *_WRITTEN, root=root)
    return git("rev-parse", "--short=12", "HEAD", root=root) + ("+" if changed else "")


def git(*words: str, root: Path = ROOT) -> str:
    """Raises CalledProcessError."""
    return subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, text=True).stdout.strip()
