"""Which requests the pods of a service failed while it was rolled out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime


class Failures:
    """Adds up what each pod counted since the rollout began.

    The count of a pod that is older than the rollout begins with the first reading in it; that of a younger one with zero, and that of a
    process that was started anew, too. What no pod answered (nobody listened, the gateway itself) is in no pod's count.
    """

    def __init__(self) -> None:
        self._last: dict[str, int] = {}
        self._counts: dict[tuple[str, ...], int] = {}

    def read(self, pod: str, made: datetime, failed: int, rollouts: Mapping[tuple[str, ...], datetime]) -> int:
        """Take one pod's present count for the rollouts of its service, given with their begins; answers how many are new."""
        before = self._last.get(pod)
        if before is None:
            before = 0 if any(made >= began for began in rollouts.values()) else failed
        more = failed - before if failed >= before else failed
        self._last[pod] = failed
        for key in rollouts:
            self._counts[key] = self._counts.get(key, 0) + more
        return more

    def count(self, key: tuple[str, ...]) -> int | None:
        """None when no pod could be read."""
        return self._counts.get(key)

    def forget(self, key: tuple[str, ...]) -> None:
        self._counts.pop(key, None)

    def keep(self, pods: set[str]) -> None:
        """Forget the pods that no rollout is about any more: their next reading begins anew."""
        self._last = {pod: count for pod, count in self._last.items() if pod in pods}
