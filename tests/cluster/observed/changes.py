"""What observer tells of the changes on the cluster, and how soon."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import httpx2

from tests.cluster.kube import wait_until
from tests.cluster.store import Refused, Store, good

_CUT = 1.5  # seconds: the cluster tells most times without their fraction


class Observer:
    """Its table, as `farthing rollouts` reads it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def rows(self, service: str) -> list[dict[str, Any]]:
        """Newest first. Raises Refused."""
        return list(good(self._store.operate("GET", f"rollouts?service={service}&limit=50"))["rollouts"])

    def shown_after(self, kind: str, service: str, moment: float, seconds: float = 120) -> float:
        """Wait for a change that began after this moment; answers how many seconds after its beginning it was told. Raises NotInTime."""
        found: list[float] = []

        def told() -> bool:
            try:
                found.extend(began(row) for row in since(self.rows(service), moment) if row["kind"] == kind)
            except (Refused, httpx2.TransportError):
                return False
            return bool(found)

        wait_until(f"{kind} of {service} to be told", told, seconds, every=0.25)
        return time.time() - found[0]


def since(rows: Iterable[dict[str, Any]], moment: float) -> list[dict[str, Any]]:
    """Those that began since then, a fraction of a second aside."""
    return [row for row in rows if began(row) >= moment - _CUT]


def began(row: dict[str, Any]) -> float:
    """Seconds since 1970."""
    return datetime.fromisoformat(row["began"]).timestamp()
