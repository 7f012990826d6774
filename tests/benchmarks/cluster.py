"""What a checkout costs on the cluster, by whom: `make load-cluster`, after `make cluster`.

The load is that of `make load`, at the gateway. CPU comes from each node's kubelet, which reads it about every ten seconds and says
when: so it is taken as a rate, in the middle of the load, and divided by the checkouts per second. What runs in no pod (kubelet,
containerd, the kernel's network) is in the machine's own count only, which Linux has.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from farthing.embedded.contents import NAMES as SERVICES
from tests.benchmarks.yardstick import yardstick
from tests.cluster import usage
from tests.cluster.kube import Kube
from tests.cluster.load import URL
from tests.needs import ROOT

WARM = 12.0  # seconds before the first reading
_LEAST = 0.05  # ms of a checkout that are worth a line


def busy() -> float:
    """Seconds of CPU that the whole machine has used."""
    user, nice, system, _, _, irq, soft, *_ = (int(word) for word in Path("/proc/stat").read_text().split()[1:9])
    return (user + nice + system + irq + soft) / 100


def measure(clients: int, seconds: float, operator: str) -> dict[str, Any]:
    """Milliseconds of CPU per checkout, by part, beside what `make load` says of its clients."""
    kube = Kube()
    command = [sys.executable, "-m", "tests.benchmarks.load", "--drive", URL, "--clients", str(clients), "--seconds", str(seconds)]
    load = subprocess.Popen(command, cwd=ROOT, env={"FARTHING_OPERATOR_TOKEN": operator}, stdout=subprocess.PIPE, text=True)
    time.sleep(WARM)
    before, machine, begun = usage.look(kube), busy(), time.monotonic()
    time.sleep(seconds - 2 * WARM)
    after, machine_after, ended = usage.look(kube), busy(), time.monotonic()
    said, _ = load.communicate(timeout=120)
    found = dict(json.loads(said))
    used = usage.between(before, after, usage.parts(kube))
    per_checkout = {part: one.cores / found["per_second"] * 1000 for part, one in used.items()}
    every = (machine_after - machine) / (ended - begun) / found["per_second"] * 1000
    return {**found, "cpu_ms_per_checkout": costs(per_checkout, every), "yardstick": yardstick()}


def costs(by_part: dict[str, float], every: float) -> dict[str, float]:
    """The sums, then whoever counts, the dearest first."""
    services = sum(cost for part, cost in by_part.items() if part in SERVICES)
    sums = {"all services": services, "with gateway, database and broker": sum(by_part.values()), "whole machine, load included": every}
    each = {part: cost for part, cost in sorted(by_part.items(), key=lambda one: -one[1]) if cost >= _LEAST}
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
