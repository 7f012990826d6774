"""The platform on the cluster in one mode or the other, as the same Helm release: what was there before is gone when the other serves."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from farthing.embedded.contents import NAMES
from tests.cluster.kube import EMBEDDED, Helm, Kube, wait_until
from tests.cluster.load import RATE, Load
from tests.cluster.rollout import Rollout, wait_all_ready
from tests.experiments.section import MODES, Say
from tests.needs import ROOT
from tools import cluster

CHART = ROOT / "charts" / "farthing"
# Of the one process; `split` has those of the environment in which `make cluster` made it.
_EMBEDDED_VALUES = ROOT / "k8s" / "environments" / "dev" / "embedded.yaml"
_READY = 300.0  # seconds
_PATIENCE = ("--patience", "180")


@dataclass(frozen=True, slots=True)
class Installed:
    """The platform as it runs now. `operator`: the token of the control API."""

    mode: str
    kube: Kube
    helm: Helm
    operator: str

    @property
    def components(self) -> tuple[str, ...]:
        """Its Deployments."""
        return (EMBEDDED,) if self.mode == EMBEDDED else NAMES

    def component_of(self, service: str) -> str:
        """The Deployment in which a service runs."""
        return EMBEDDED if self.mode == EMBEDDED else service

    def rollout(self, service: str) -> Rollout:
        return Rollout(self.kube, self.component_of(service))

    def wait(self) -> None:
        """Until all serves. Raises NotInTime."""
        wait_all_ready(self.kube, self.components, _READY)
        cluster.answers()

    @contextlib.contextmanager
    def load(self, seconds: float, *options: str) -> Iterator[Load]:
        """The exact client beside what the block does, for so many seconds at least."""
        with tempfile.TemporaryDirectory(prefix="farthing-load-") as folder:
            load = Load(Path(folder), self.operator, *_PATIENCE, *options, fewest=round(seconds * RATE))
            try:
                yield load
            finally:
                load.stop()


def install(mode: str, say: Say, *sets: str) -> Installed:
    """Make the release what the mode wants (`sets`: path=value), and wait until nothing else is left. Raises Refused, NotInTime."""
    say(f"mode {mode}{' with ' if sets else ''}{', '.join(sets)} ...")
    began = time.monotonic()
    values = _values(mode)
    cluster.helm("farthing", "farthing", *values, "--values", str(cluster.TAGS), *(word for value in sets for word in ("--set", value)))
    kube = Kube()
    other = next(one for one in MODES if one != mode)
    for component in (EMBEDDED,) if other == EMBEDDED else NAMES:
        wait_until(f"{component} to be gone", lambda name=component: not kube.pods(name) and not kube.leaving(name), _READY)
    installed = Installed(mode, kube, Helm(str(CHART)), kube.secret("farthing-console", "operator-token"))
    installed.wait()
    say(f"  serves after {time.monotonic() - began:.0f} s")
    return installed


def _values(mode: str) -> tuple[str, ...]:
    own = ("--values", str(_EMBEDDED_VALUES)) if mode == EMBEDDED else cluster.environment("farthing")
    return own + (cluster.environment("farthing-observed") if cluster.observed() else ())


@contextlib.contextmanager
def leave_as_found(*, wanted: bool, say: Say) -> Iterator[None]:
    """Afterwards the cluster has the platform as services again, as `make cluster` made it."""
    try:
        yield
    finally:
        if wanted:
            install("split", say)
