"""What pods say of themselves: the request counts at their own /metrics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

_COUNTS: Final = "http_server_request_duration_seconds_count"
_LIMIT: Final = aiohttp.ClientTimeout(total=2.0)  # seconds: a pod that is slower is asked again
# Routes that every service has for the platform around it: their calls are nobody's traffic.
OWN_OPERATIONS: Final = frozenset({"live", "ready", "metrics", "health", "work.get", "work.drain", "openapi"})


@dataclass(frozen=True, slots=True)
class Counts:
    """Requests since the process began: answered, and of these with a status of 5xx."""

    served: int
    failed: int


def counts_of(exposition: str) -> Counts:
    """Read from Prometheus' text format. Raises ValueError when it is none."""
    lines = (line for line in exposition.splitlines() if line.startswith(_COUNTS))
    served = failed = 0
    for family in text_string_to_metric_families("\n".join(lines) + "\n"):
        for sample in family.samples:
            if sample.labels.get("operation") not in OWN_OPERATIONS:
                served += int(sample.value)
                failed += int(sample.value) if sample.labels.get("status", "").startswith("5") else 0
    return Counts(served, failed)


class PodMetrics:
    """Reads the metrics of pods, each by its own address."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def read(self, address: str, port: int) -> Counts | None:
        """None while the pod does not answer."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=_LIMIT, cookie_jar=aiohttp.DummyCookieJar())
        host = f"[{address}]" if ":" in address else address
        try:
            async with self._session.get(f"http://{host}:{port}/metrics", allow_redirects=False) as answer:
                answer.raise_for_status()
                return counts_of(await answer.text())
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return None

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()
