"""After something was taken away without a word: a client that repeats its requests, and what must hold at the end."""

from __future__ import annotations

from farthing.embedded.contents import NAMES
from tests.cluster.kube import Kube
from tests.cluster.load import Figures
from tests.cluster.results import Results, Row
from tests.cluster.rollout import wait_all_ready
from tests.cluster.served import wait_caught_up

RETRY = ("--retry", "--patience", "180")


def finish(kube: Kube, load: Figures, results: Results, experiment: str, measured: str) -> None:
    """All were paid, and everything is as before without anybody's help."""
    wait_all_ready(kube, NAMES, 240)
    caught_up = wait_caught_up(kube, NAMES, 180)
    load.expect_all_paid()
    results.add(Row(experiment, "", load.all, f"{measured}; events caught up after {caught_up:.0f} s"))
