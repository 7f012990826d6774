"""`farthing rollouts`: what observer has seen of a platform on a cluster."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from rich.console import Console
from rich.table import Table

from farthing.embedded.cli import remote
from farthing.embedded.cli.failure import Failure

_NOT_SERVED = {404, 501}
_UNKNOWN = "-"


def rollouts(limit: int, service: str | None) -> None:
    """Raises Failure."""
    query = urlencode({"limit": limit} | ({"service": service} if service else {}))
    try:
        found = remote.call("GET", f"rollouts?{query}")["rollouts"]
    except remote.PlatformRefused as refusal:
        if refusal.status not in _NOT_SERVED:
            raise
        raise Failure(f"no observer at {remote.address()}: rollouts are watched on a cluster only, by charts/observability", 4) from None
    if not found:
        remote.OUT.print("nothing has happened yet")
        return
    Console().print(_table(found))


def _table(found: list[dict[str, Any]]) -> Table:
    table = Table("service", "kind", "from", "to", "began", "phases in seconds", "pods", "failed", "outcome")
    for row in found:
        outcome = f"{row['outcome']} ({row['cause']})" if row["cause"] else row["outcome"]
        failed = row.get("requests_failed")
        numbers = str(row["pods"]), _UNKNOWN if failed is None else str(failed)
        versions = row["from_version"] or _UNKNOWN, row["to_version"] or _UNKNOWN
        table.add_row(row["service"], row["kind"], *versions, _time(row["began"]), _phases(row), *numbers, outcome)
    return table


def _time(text: str) -> str:
    """In the operator's own zone."""
    return datetime.fromisoformat(text).astimezone().strftime("%m-%d %H:%M:%S")


def _phases(row: dict[str, Any]) -> str:
    """Each phase by name, and the whole where it has ended."""
    parts = [f"{name} {seconds:.1f}" for name, seconds in row["phases"].items()]
    if row.get("ended"):
        whole = datetime.fromisoformat(row["ended"]) - datetime.fromisoformat(row["began"])
        parts.append(f"whole {whole.total_seconds():.1f}")
    return ", ".join(parts) or _UNKNOWN
