"""Updates: one service is changed while customers pay, in both modes."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

from tests.cluster import usage, versions
from tests.cluster.load import RATE, Figures
from tests.experiments.experiment import Experiment
from tests.experiments.modes import Installed, install
from tests.experiments.section import CALLED, MODES, Bars, Found, Say, Section, Table, text
from tools.images import EMBEDDED, Tree

CHANGED = ("webhooks", "orders")
WARM = 5.0  # seconds of load before the change
SECONDS = 90.0  # of load, at least

# Where a line is changed, and what that is: an image that contains it has to be built anew.
LINES = {
    "a line of webhooks": "services/webhooks/src/farthing/webhooks/__init__.py",
    "a line of orders": "services/orders/src/farthing/orders/__init__.py",
    "a line of ledger's client": "services/ledger/client/src/farthing/clients/ledger/__init__.py",
    "a line of kit": "libs/kit/src/farthing/kit/__init__.py",
}


def rebuilt(root: Path, line: str) -> list[str]:
    """The images that a further line in this file makes anew, in a tree that may be changed."""
    before = _tags(root)
    file = root / line
    content = file.read_text("utf-8")
    file.write_text(f"{content}\n# another line\n", "utf-8")
    try:
        after = _tags(root)
    finally:
        file.write_text(content, "utf-8")
    return [image for image in before if before[image] != after[image]]


def _tags(root: Path) -> dict[str, str]:
    tree = Tree(root)
    return {image: tree.staged(image).tag for image in tree.images if image not in tree.beside}


def measure(say: Say) -> Found:
    with tempfile.TemporaryDirectory(prefix="farthing-images-") as folder:
        versions.copy_tree(Path(folder) / "tree")
        images = {what: rebuilt(Path(folder) / "tree", line) for what, line in LINES.items()}
    rows = []
    for mode in MODES:
        installed = install(mode, say)
        rows += [_change(installed, service, say) for service in CHANGED]
    return {"images": images, "rows": rows}


def _change(installed: Installed, service: str, say: Say) -> Found:
    """There under load; the way back is not measured."""
    say(f"{service} is changed")
    image, building, bringing = _made(installed, service)
    rollout, component, before = installed.rollout(service), installed.component_of(service), installed.helm.revision()
    old, everything = installed.kube.pod_names(component), _platform(installed)
    seen = usage.look(installed.kube)
    with installed.load(SECONDS) as load:
        time.sleep(WARM)
        began = time.monotonic()
        installed.helm.upgrade(versions.value_of(image))
        rollout.wait_replaced(old)
        seconds = time.monotonic() - began
        figures = load.finish()
    installed.helm.rollback(before)
    installed.wait()
    row = {
        "mode": installed.mode,
        "service": service,
        "building_s": round(building, 1),
        "bringing_s": round(bringing, 1),
        "seconds": round(seconds, 1),
        "memory_mib": round(usage.memory_of(old, seen)),
        "all_memory_mib": round(usage.memory_of(everything, seen)),
        **outcome(figures),
    }
    say(f"  {row['failed']} of {row['requests']} requests failed, {seconds:.0f} s")
    return row


def _made(installed: Installed, service: str) -> tuple[str, float, float]:
    """The changed image, and the seconds to build it and to bring it into the nodes."""
    folder = Path(tempfile.mkdtemp(prefix="farthing-version-"))
    try:
        began = time.monotonic()
        change = versions.one_line(f"changed {time.strftime('%H%M%S')}")
        image = versions.make(service, change, folder / "tree", embedded=installed.mode == EMBEDDED)
        built = time.monotonic()
        versions.bring(image)
        return image, built - began, time.monotonic() - built
    finally:
        shutil.rmtree(folder)


def _platform(installed: Installed) -> set[str]:
    return {pod for component in installed.components for pod in installed.kube.pod_names(component)}


def outcome(figures: Figures) -> Found:
    """What the client saw, and what the books say about it."""
    found = figures.all
    return {
        "requests": found["requests"],
        "failed": sum(found["failures"].values()),
        "checkouts": found["started"],
        "finished": found["finished"],
        "longest_gap_s": found["longest_gap_s"],
        "problems": found["problems"],
    }


def tell(found: Found) -> Section:
    rows = found["rows"]
    lost = {mode: sum(row["failed"] for row in rows if row["mode"] == mode) for mode in MODES}
    gap = {mode: max(row["longest_gap_s"] for row in rows if row["mode"] == mode) for mode in MODES}
    seconds = {mode: max(row["seconds"] for row in rows if row["mode"] == mode) for mode in MODES}
    unfinished = {mode: sum(row["checkouts"] - row["finished"] for row in rows if row["mode"] == mode) for mode in MODES}
    winner = "services" if lost["split"] < lost["embedded"] else "the one process" if lost["embedded"] < lost["split"] else "neither"
    return Section(
        text(
            f"For {winner}: while one service changed, {lost['split']} requests failed with services and {lost['embedded']} in one",
            f"process, which was away for up to {gap['embedded']:g} s; {unfinished['split']} and {unfinished['embedded']} checkouts did",
            "not come to their end.",
        ),
        [
            text(
                "A further line in one service is built and brought into the nodes; then, in",
                f"{SECONDS:g} s of {RATE:g} checkouts a second by a client that never repeats a request, `helm upgrade` brings it after",
                f"{WARM:g} s. The one process has one database and stops before its next version",
                f"starts (`Recreate`): its change took up to {seconds['embedded']:.0f} s, that of a service, whose old version serves",
                f"until it has drained, {seconds['split']:.0f} s. From the edit to its use",
                f"it took {_all(rows, 'embedded')} s in one process and {_all(rows, 'split')} s with services. {_restarted(rows)}",
            ),
            Table(
                (
                    "",
                    "changed",
                    "build, s",
                    "into the nodes, s",
                    "change, s",
                    "failed requests",
                    "of",
                    "checkouts not finished",
                    "longest time without a success, s",
                    "restarted, MiB",
                    "of all its pods, MiB",
                ),
                [
                    (
                        CALLED[row["mode"]],
                        row["service"],
                        row["building_s"],
                        row["bringing_s"],
                        row["seconds"],
                        row["failed"],
                        row["requests"],
                        row["checkouts"] - row["finished"],
                        row["longest_gap_s"],
                        row["memory_mib"],
                        row["all_memory_mib"],
                    )
                    for row in rows
                ],
            ),
            Bars("updates", "Requests that failed while one service changed", "requests", list(CHANGED), _series(rows)),
            "How many images have to be built anew; the one process has one, which contains everything:",
            Table(
                ("changed", "services rebuilt", "of"),
                [(what, len(set(names) - {EMBEDDED}), _services(found)) for what, names in found["images"].items()],
            ),
            *_wrong(rows),
        ],
    )


def _all(rows: list[Found], mode: str) -> str:
    """Seconds from the edit until the new version serves alone."""
    sums = [row["building_s"] + row["bringing_s"] + row["seconds"] for row in rows if row["mode"] == mode]
    return f"{min(sums):.0f} to {max(sums):.0f}"


def _restarted(rows: list[Found]) -> str:
    memory = {(row["mode"], row["service"]): row["memory_mib"] for row in rows}
    more = [memory["embedded", service] / memory["split", service] for service in CHANGED]
    return f"The one process restarted {min(more):.1f} to {max(more):.1f} times the memory."


def _series(rows: list[Found]) -> dict[str, list[float]]:
    return {CALLED[mode]: [row["failed"] for row in rows if row["mode"] == mode] for mode in MODES}


def _services(found: Found) -> int:
    return max(len(set(names) - {EMBEDDED}) for names in found["images"].values())


def _wrong(rows: list[Found]) -> list[str]:
    """What the books say is wrong, if anything."""
    return [f"Not exact: {CALLED[row['mode']]}, {row['service']}: {problem}" for row in rows for problem in row["problems"]] or [
        "The books were exact after each: every acknowledged payment once, and no other."
    ]


EXPERIMENT = Experiment("updates", "Updates: one service can be changed alone", measure, tell, minutes=10, cluster=True)
