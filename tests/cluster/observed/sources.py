"""Where is looked: the cluster's Prometheus and Jaeger, through its API server as an operator would without forwarding a port."""

from __future__ import annotations

import json
import re
import time
from typing import Any
from urllib.parse import quote, urlencode

from tests.cluster.kube import CommandFailed, Kube
from tests.cluster.observed.answers import Series, Span, firing, matrix, spans, vector
from tests.telemetry.queries import Query

STEP = 5.0  # seconds: as often as Prometheus asks
_TAG = re.compile(r'([\w.]+)="([^"]*)"')


class Prometheus:
    def __init__(self, kube: Kube) -> None:
        self._kube = kube

    def over(self, query: str, begin: float, end: float, step: float = STEP) -> list[Series]:
        """Raises CommandFailed, Unanswered."""
        return matrix(self._ask("query_range", {"query": query, "start": f"{begin:.3f}", "end": f"{end:.3f}", "step": f"{step:g}"}))

    def now(self, query: str) -> float | None:
        """The value of the only series; None without one. Raises CommandFailed, Unanswered."""
        found = [value for one in vector(self._ask("query", {"query": query})) for _, value in one.points]
        return found[0] if found else None

    def fires(self, alert: str, **labels: str) -> bool:
        """Raises CommandFailed, Unanswered."""
        wanted = {"alertname": alert, **labels}.items()
        return any(wanted <= one.items() for one in firing(self._ask("alerts", {})))

    def _ask(self, what: str, parameters: dict[str, str]) -> Any:
        return self._kube.ask("observability-prometheus:9090", f"/api/v1/{what}?{urlencode(parameters, quote_via=quote)}")


class Jaeger:
    """`since`: from when on is searched, in seconds since 1970."""

    def __init__(self, kube: Kube, since: float) -> None:
        self._kube, self._since = kube, since

    def found(self, query: Query) -> list[Span]:
        """What one search of a panel shows."""
        return self.trace(query.text) if query.text else self.search(query.service, tags_of(query.tags))

    def trace(self, trace: str) -> list[Span]:
        """Nothing for one that is not known (any more)."""
        try:
            return spans(self._kube.ask("observability-jaeger:16686", f"/api/traces/{trace}"))
        except CommandFailed:
            return []

    def search(self, service: str, tags: dict[str, str]) -> list[Span]:
        """All spans of the traces in which a span of this service has these tags. Raises CommandFailed, Unanswered."""
        between = {"start": f"{self._since * 1e6:.0f}", "end": f"{time.time() * 1e6:.0f}"}
        parameters = {"service": service, "tags": json.dumps(tags), "limit": "20", **between}
        return spans(self._kube.ask("observability-jaeger:16686", f"/api/traces?{urlencode(parameters, quote_via=quote)}"))


def tags_of(text: str) -> dict[str, str]:
    """Tags as Grafana writes them (logfmt)."""
    return dict(_TAG.findall(text))
