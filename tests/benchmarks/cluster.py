"""What a checkout costs on the cluster, by whom: `make load-cluster`, after `make cluster`.

The load is that of `make load`, at the gateway. CPU comes from each node's kubelet, which reads it about every ten seconds and says
when: so it is taken as a rate, in the middle of the load, and divided by the checkouts per second. What runs in no pod (kubelet,
containerd, the kernel's network) is in the machine's own count only, which Linux has.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

from farthing.embedded.contents import NAMES as SERVICES
from tests.benchmarks.yardstick import yardstick
from tests.cluster.kube import Kube
from tests.cluster.load import URL
from tests.needs import ROOT

WARM = 12.0  # seconds before the first reading
_LEAST = 0.05  # ms of a checkout that are worth a line
_USED = re.compile(
    r'^container_cpu_usage_seconds_total\{container="([^"]*)",namespace="([^"]*)",pod="([^"]*)"\} (\S+) (\d+)$', re.MULTILINE
)


class Reading(NamedTuple):
    """CPU seconds of a container, at a second of its node's clock."""

    used: float
    at: float


def read(kube: Kube) -> dict[tuple[str, str], Reading]:
    """Of every container of every pod, by pod and container. Raises CommandFailed."""
    found: dict[tuple[str, str], Reading] = {}
    for node in kube.get("nodes")["items"]:
        said = kube.ctl("get", "--raw", f"/api/v1/nodes/{node['metadata']['name']}/proxy/metrics/resource", timeout=30)
        found |= {(pod, container): Reading(float(used), int(at) / 1000) for container, pod, used, at in _USED.findall(said)}
    return found


def rates(before: dict[tuple[str, str], Reading], after: dict[tuple[str, str], Reading]) -> dict[str, float]:
    """Cores that each workload used. A container that is new, or was not read again, is left out."""
    found: defaultdict[str, float] = defaultdict(float)
    for key, now in after.items():
        was = before.get(key)
        if was is not None and now.at > was.at:
            found[workload(key[0])] += (now.used - was.used) / (now.at - was.at)
    return dict(found)


def workload(pod: str) -> str:
    """`farthing-orders-7d9f-x2k4p` is one of farthing-orders."""
    return re.sub(r"((-[0-9a-f]{6,10})?-[a-z0-9]{5}|-\d+)$", "", pod)


def busy() -> float:
    """Seconds of CPU that the whole machine has used."""
    user, nice, system, _, _, irq, soft, *_ = (int(word) for word in Path("/proc/stat").read_text().split()[1:9])
    return (user + nice + system + irq + soft) / 100


def measure(clients: int, seconds: float, operator: str) -> dict[str, Any]:
    """Milliseconds of CPU per checkout, by workload, beside what `make load` says of its clients."""
    kube = Kube()
    command = [sys.executable, "-m", "tests.benchmarks.load", "--drive", URL, "--clients", str(clients), "--seconds", str(seconds)]
    load = subprocess.Popen(command, cwd=ROOT, env={"FARTHING_OPERATOR_TOKEN": operator}, stdout=subprocess.PIPE, text=True)
    time.sleep(WARM)
    before, machine, begun = read(kube), busy(), time.monotonic()
    time.sleep(seconds - 2 * WARM)
    after, machine_after, ended = read(kube), busy(), time.monotonic()
    said, _ = load.communicate(timeout=120)
    found = dict(json.loads(said))
    per_checkout = {name: cores / found["per_second"] * 1000 for name, cores in rates(before, after).items()}
    every = (machine_after - machine) / (ended - begun) / found["per_second"] * 1000
    return {**found, "cpu_ms_per_checkout": costs(per_checkout, every), "yardstick": yardstick()}


def costs(by_workload: dict[str, float], every: float) -> dict[str, float]:
    """The sums, then whoever counts, the dearest first."""
    services = sum(cost for name, cost in by_workload.items() if name.removeprefix("farthing-") in SERVICES)
    sums = {"services": services, "all pods": sum(by_workload.values()), "whole machine, load included": every}
    each = {name: cost for name, cost in sorted(by_workload.items(), key=lambda one: -one[1]) if cost >= _LEAST}
    return {name: round(cost, 2) for name, cost in (sums | each).items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    operator = Kube().secret("farthing-console", "operator-token")
    sys.stdout.write(json.dumps(measure(options.clients, options.seconds, operator), indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
