"""Security: somebody has taken over one service; what its identity reaches, tried from inside, in both modes."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from farthing.embedded.contents import NAMES
from tests.cluster import versions
from tests.cluster.intrusion import intrude
from tests.cluster.kube import wait_until
from tests.experiments import planted
from tests.experiments.experiment import Experiment
from tests.experiments.modes import Installed, install
from tests.experiments.section import Found, Say, Section, Table, percent, text
from tools.images import EMBEDDED

SERVICE = "webhooks"  # the one that talks to strangers


def measure(say: Say) -> Found:
    one = install("embedded", say)
    inside = {"embedded": _inside(one, say)}
    split = install("split", say)
    inside["split"] = _inside(split, say)
    say("from inside the pod of each service")
    rows = {name: reached(intrude(split.kube, name)) for name in NAMES}
    return {"inside": inside, "rows": rows, "names": list(NAMES)}


def reached(found: Found) -> Found:
    """Which services let it in, and whose data it can read: what `intruder.py` found, without its details."""
    return {
        "services": sorted(name for name, status in found["services"].items() if status == 200),
        "databases": sorted(name for name, said in found["other databases"].items() if said != "refused"),
        "own_database": found["own database"] != "refused",
        "tokens_made": sorted(what for what, status in found["minting"].items() if status < 400 and status),
    }


def _inside(installed: Installed, say: Say) -> list[str]:
    """The services whose tables code in SERVICE can read through what lies in its own process."""
    say(f"code in {SERVICE} looks around in its process")
    folder = Path(tempfile.mkdtemp(prefix="farthing-planted-"))
    component, before = installed.component_of(SERVICE), installed.helm.revision()
    try:
        image = versions.build(SERVICE, planted.plant, folder / "tree", embedded=installed.mode == EMBEDDED)
        old = installed.kube.pod_names(component)
        installed.helm.upgrade(versions.value_of(image))
        installed.rollout(SERVICE).wait_replaced(old)
        (pod,) = installed.kube.pod_names(component)
        planted.trigger(installed.kube, pod, planted.REACH)
        report = ("exec", pod, "--", "cat", planted.REPORT)
        wait_until("the report", lambda: installed.kube.ctl(*report), 60)
        return sorted(json.loads(installed.kube.ctl(*report)))
    finally:
        installed.helm.rollback(before)
        installed.wait()
        shutil.rmtree(folder)


def tell(found: Found) -> Section:
    inside = found["inside"]
    opened = {name: len(set(row["services"]) - {name}) for name, row in found["rows"].items()}
    most = max(opened, key=lambda name: opened[name])
    others = max(count for name, count in opened.items() if name != most)
    strange = sorted(name for name, row in found["rows"].items() if row["databases"] or row["tokens_made"])
    return Section(
        text(
            f"For {'services' if len(inside['split']) < len(inside['embedded']) else 'neither'}: code in {SERVICE} read the tables of",
            f"{len(inside['embedded'])} services in one process, and of {len(inside['split'])} as a service. The identity of {most}",
            f"may call {opened[most]} others, none else more than {others}.",
        ),
        [
            text(
                "In the pod of each service its own identity was used to ask every other one (with the token for it where it has one,",
                "else with any of its own), to open every database with its own password, and to get tokens from the cluster. x: its",
                "interface let it in, as the manifests say (no table of another was read); in the last row: its tables were read. In one",
                "process every service's database connections and the tokens for all others lie in the same memory: the row is what code",
                f"in {SERVICE} read through the connections that it found. {SERVICE} may call nobody, which is the best case for services;",
                "console is the worst. Not tried: the broker. The network of this cluster enforced no policy.",
            ),
            _matrix(found),
            _more(found, strange),
        ],
    )


def _more(found: Found, strange: list[str]) -> str:
    pairs = len(found["names"]) * (len(found["names"]) - 1)
    had = f"Databases of others, or tokens for others, were had by: {', '.join(strange)}."
    return text(
        had if strange else "No service opened the database of another or got a token that is not its own.",
        f"Of all {pairs} pairs of services, {percent(_pairs(found), pairs)} could reach the other's interface.",
    )


def _matrix(found: Found) -> Table:
    names = found["names"]
    rows = [
        (name, *["." if name == other else "x" if other in found["rows"][name]["services"] else "" for other in names]) for name in names
    ]
    everything = ("one process", *["x" if name in found["inside"]["embedded"] else "" for name in names])
    return Table(("with the identity of", *names), [*rows, everything])


def _pairs(found: Found) -> int:
    return sum(len(set(row["services"]) - {name}) for name, row in found["rows"].items())


EXPERIMENT = Experiment("security", "Security: one is compromised, the others are not", measure, tell, minutes=3, cluster=True)
