"""What is told of the cluster: one happening is one trace, one row of the table, one annotation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

Kind = Literal["rollout", "scale-out", "restart", "eviction"]
# In the order in which a pod goes through them; `migrated` only where it has init containers.
PHASES: Final = ("scheduled", "image pulled", "migrated", "started", "ready", "first request")


@dataclass(frozen=True, slots=True)
class Phase:
    """What ended with `name`: `ready` is the time from started to ready."""

    name: str
    began: datetime
    ended: datetime

    @property
    def seconds(self) -> float:
        return (self.ended - self.began).total_seconds()


@dataclass(frozen=True, slots=True)
class PodStory:
    uid: str
    name: str
    node: str
    began: datetime
    phases: tuple[Phase, ...]

    def at(self, name: str) -> datetime | None:
        return next((phase.ended for phase in self.phases if phase.name == name), None)

    @property
    def ended(self) -> datetime:
        return self.phases[-1].ended if self.phases else self.began


@dataclass(frozen=True, slots=True)
class Happening:
    """`ended` is None while it goes on; a first request may still come after it.

    `outcome`: complete, failed, superseded, deleted, unfinished. `cause`: of a restart or an eviction, and of a scale-out who wanted it.
    """

    key: tuple[str, ...]
    kind: Kind
    service: str
    deployment: str
    began: datetime
    ended: datetime | None = None
    outcome: str = ""
    from_version: str = ""
    to_version: str = ""
    cause: str = ""
    pods: tuple[PodStory, ...] = ()

    @property
    def all_served(self) -> bool:
        return bool(self.pods) and all(pod.at("first request") for pod in self.pods)

    def phase_seconds(self) -> dict[str, float]:
        """Of each phase the slowest pod's."""
        found: dict[str, float] = {}
        for phase in (phase for pod in self.pods for phase in pod.phases):
            found[phase.name] = max(found.get(phase.name, 0.0), phase.seconds)
        return {name: found[name] for name in PHASES if name in found}
