"""Robustness: one service breaks while it runs, in each of four ways; the share of operations that go on, in both modes."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.cluster import blast, versions
from tests.cluster.kube import CommandFailed, NotInTime
from tests.cluster.load import RATE, LoadFailed
from tests.experiments import planted
from tests.experiments.experiment import Experiment
from tests.experiments.modes import Installed, install
from tests.experiments.section import CALLED, MODES, Bars, Found, Say, Section, Table, percent, text
from tests.experiments.updates import outcome
from tools.images import EMBEDDED

SERVICES = ("webhooks", "ledger")  # hardly anybody needs the one, every payment the other
ROUNDS = 8  # of all operations while it is broken
EVERY = 8.0  # seconds from the start of one to that of the next
SOON = 3.0  # seconds until the fault works
PATIENT = 10.0  # seconds after which an answer comes too late
AROUND = 25.0  # seconds of load before and after
CLOSE = 0.05  # of operations: no difference


def measure(say: Say) -> Found:
    rows: list[Found] = []
    missed: list[str] = []
    for mode in MODES:
        installed = install(mode, say)
        for service in SERVICES:
            _broken(installed, service, rows, missed, say)
    return {"rows": rows, "missed": missed, "rounds": ROUNDS, "operations": len(blast.NEEDS), "leak_mib_s": planted.LEAK}


def _broken(installed: Installed, service: str, rows: list[Found], missed: list[str], say: Say) -> None:
    """The service with all faults planted in it, each tried in a pod of its own. One that could not be measured is `missed`."""
    folder = Path(tempfile.mkdtemp(prefix="farthing-planted-"))
    before = installed.helm.revision()
    try:
        image = versions.build(service, planted.plant, folder / "tree", embedded=installed.mode == EMBEDDED)
        old = installed.kube.pod_names(installed.component_of(service))
        installed.helm.upgrade(versions.value_of(image))
        installed.rollout(service).wait_replaced(old)
        installed.wait()
        for fault in planted.FAULTS:
            try:
                rows.append(_tried(installed, service, fault, say))
            except (CommandFailed, NotInTime, LoadFailed, AssertionError) as error:
                missed.append(f"{CALLED[installed.mode]}, {service}, {fault}: {type(error).__name__}: {error}")
                say(f"NOT MEASURED: {missed[-1]}")
                _heal(installed, service)
    finally:
        installed.helm.rollback(before)
        installed.wait()
        shutil.rmtree(folder)


def _tried(installed: Installed, service: str, fault: str, say: Say) -> Found:
    kube, component = installed.kube, installed.component_of(service)
    (pod,) = kube.pod_names(component)
    shops = [blast.Shop(installed.operator, timeout=PATIENT) for _ in range(ROUNDS)]
    others, before = str(sum(shop.CAPTURES for shop in shops)), kube.restarts(pod)
    with installed.load(SOON + ROUNDS * EVERY + AROUND, "--others", others) as load:
        time.sleep(AROUND / 2)
        planted.trigger(kube, pod, fault)
        time.sleep(SOON)
        rounds = _rounds(shops)
        restarts = kube.restarts(pod) - before
        healed = _heal(installed, service)
        figures = load.finish()
    for shop in shops:
        shop.close()
    row: Found = {"mode": installed.mode, "service": service, "fault": fault, "restarts": restarts, "healed_s": round(healed, 1)}
    row |= counted(rounds) | outcome(figures)
    say(f"{service}, {fault}: {percent(row['good'], row['tried'])} of operations went on")
    return row


def _rounds(shops: Sequence[blast.Shop]) -> list[dict[str, blast.Outcome]]:
    """All operations of each shop at once, the next shop's some seconds later whatever the earlier ones still wait for."""
    found: list[dict[str, blast.Outcome]] = []
    lock = threading.Lock()

    def one(shop: blast.Shop) -> None:
        outcomes = at_once(shop)
        with lock:
            found.append(outcomes)

    threads = []
    for shop in shops:
        threads.append(threading.Thread(target=one, args=(shop,)))
        threads[-1].start()
        time.sleep(EVERY)
    for thread in threads:
        thread.join()
    return found


def at_once(shop: blast.Shop) -> dict[str, blast.Outcome]:
    tries = shop.tries()
    with ThreadPoolExecutor(len(tries)) as pool:
        waiting = {name: pool.submit(blast.outcome, name, send) for name, send in tries.items()}
        return {name: future.result() for name, future in waiting.items()}


def counted(rounds: Iterable[Mapping[str, blast.Outcome]]) -> Found:
    """How many tries were good, and by operation the share of good ones."""
    tried: dict[str, list[bool]] = defaultdict(list)
    for outcomes in rounds:
        for name, one in outcomes.items():
            tried[name].append(not one.failed)
    good = {name: sum(of) for name, of in tried.items()}
    return {
        "tried": sum(map(len, tried.values())),
        "good": sum(good.values()),
        "never_failed": sorted(name for name, of in tried.items() if all(of)),
        "by_operation": {name: round(good[name] / len(of), 2) for name, of in tried.items()},
    }


def _heal(installed: Installed, service: str) -> float:
    """A new pod has no fault; answers the seconds until all serve. Whoever finds the fault does that.

    As the Deployment replaces pods: of the one process the new one begins when the old has ended, since two cannot share its data.
    """
    began = time.monotonic()
    rollout = installed.rollout(service)
    old = installed.kube.pod_names(installed.component_of(service))
    rollout.restart()
    rollout.wait_replaced(old)
    installed.wait()
    return time.monotonic() - began


def tell(found: Found) -> Section:
    rows = worked(found["rows"])
    shares = {mode: _share([row for row in rows if row["mode"] == mode]) for mode in MODES}
    paid = {mode: _paid([row for row in rows if row["mode"] == mode]) for mode in MODES}
    better = "services" if shares["split"] > shares["embedded"] else "the one process"
    return Section(
        text(
            f"For {better}: while one service was broken, {_part(shares['split'])} of all operations went on with services, and",
            f"{_part(shares['embedded'])} in one process; of the checkouts of that time {_part(paid['split'])} and",
            f"{_part(paid['embedded'])} came to their end.",
        ),
        [
            text(
                "A service is told, while it runs well, to end its process (again at each start), to keep",
                f"{found['leak_mib_s']} MiB more each second, to block its event loop, or to keep all connections of its pool. While it",
                f"was so, {found['operations']} operations were tried {found['rounds']} times with things that were made before; good is",
                f"an answer that is no error within {PATIENT:g} s. Beside it {RATE:g} checkouts a second went on.",
            ),
            _table(found),
            *[_bars(rows, service) for service in SERVICES],
            _by_service(rows),
            text(_by_fault(rows), *_unreached(found["rows"])),
            text(
                "Checkouts not finished: of all that came, from before the fault until after somebody replaced the pod, in which the one",
                "process is away, too. Every fifth lists webhooks before it is approved and is given up when that fails, though",
                "no payment needs webhooks. Restarts: of the container, while it was so. Whole again: after the pod was replaced. A",
                "service may have 256 MiB, the one process 1 GiB (the chart's limits), so its leak works later. What hangs is restarted",
                "by Kubernetes, which asks its `/livez`: a service by itself, the one process with all services.",
            ),
            *[
                f"Not exact: {CALLED[row['mode']]}, {row['service']}, {row['fault']}: {problem}"
                for row in found["rows"]
                for problem in row["problems"]
            ],
            *[f"Not measured: {what}" for what in found["missed"]],
        ],
    )


def _by_service(rows: Sequence[Found]) -> str:
    """What of the business is lost, by what was broken."""
    said = []
    for service in SERVICES:
        left = {mode: 1 - _paid([row for row in rows if (row["mode"], row["service"]) == (mode, service)]) for mode in MODES}
        said.append(f"with {service} broken {_part(left['split'])} with services and {_part(left['embedded'])} in one process")
    return f"Checkouts that did not come to their end: {', '.join(said)}. Every payment needs ledger, and none webhooks."


def _by_fault(rows: Sequence[Found]) -> str:
    """Who is better at each fault by operations: within CLOSE it is a draw."""
    winners: dict[str, list[str]] = {"for services": [], "for the one process": [], "a draw": []}
    for fault in dict.fromkeys(row["fault"] for row in rows):
        of = {mode: _share([row for row in rows if (row["mode"], row["fault"]) == (mode, fault)]) for mode in MODES}
        ahead = of["split"] - of["embedded"]
        winners["a draw" if abs(ahead) < CLOSE else "for services" if ahead > 0 else "for the one process"].append(fault)
    said = [f"{whom}: {', '.join(faults)}" for whom, faults in winners.items() if faults]
    return f"By fault, of the operations ({_part(CLOSE)} are no difference): {'; '.join(said)}."


def worked(rows: Sequence[Found]) -> list[Found]:
    """Without the faults of a service that did not work in both modes: a leak does when its limit was reached, and the process ended."""
    without = {(row["service"], row["fault"]) for row in rows if row["fault"] == "memory leak" and not row["restarts"]}
    return [row for row in rows if (row["service"], row["fault"]) not in without]


def _unreached(rows: Sequence[Found]) -> list[str]:
    """What is in the table and not compared."""
    found = dict.fromkeys(
        f"{CALLED[row['mode']]}, {row['service']}" for row in rows if row["fault"] == "memory leak" and not row["restarts"]
    )
    return [f"Not compared, here and above: the memory leak, which did not reach the limit in time ({'; '.join(found)})."] if found else []


def _part(share: float) -> str:
    return f"{100 * share:.0f} %"


def _paid(rows: Sequence[Found]) -> float:
    return float(sum(row["finished"] for row in rows) / max(1, sum(row["checkouts"] for row in rows)))


def _table(found: Found) -> Table:
    return Table(
        (
            "",
            "broken in",
            "how",
            "operations that went on",
            "never failed",
            "restarts",
            "checkouts not finished",
            "of",
            "whole again after, s",
        ),
        [
            (
                CALLED[row["mode"]],
                row["service"],
                row["fault"],
                percent(row["good"], row["tried"]),
                f"{len(row['never_failed'])} of {found['operations']}",
                row["restarts"],
                row["checkouts"] - row["finished"],
                row["checkouts"],
                row["healed_s"],
            )
            for row in found["rows"]
        ],
    )


def _share(rows: Sequence[Found]) -> float:
    return float(sum(row["good"] for row in rows) / max(1, sum(row["tried"] for row in rows)))


def _bars(rows: Sequence[Found], service: str) -> Bars:
    """Of those faults that were measured in both modes."""
    of = {(row["mode"], row["fault"]): row for row in rows if row["service"] == service}
    both = [fault for fault in planted.FAULTS if all((mode, fault) in of for mode in MODES)]
    series = {CALLED[mode]: [round(100 * _share([of[mode, fault]])) for fault in both] for mode in MODES}
    return Bars(f"robustness-{service}", f"Operations that went on while {service} was broken", "percent", both, series)


EXPERIMENT = Experiment("robustness", "Robustness: one breaks, the others do not", measure, tell, minutes=35, cluster=True)
