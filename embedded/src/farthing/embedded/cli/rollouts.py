"""`farthing rollouts`: what observer has seen of a platform on a cluster."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from rich.console import Console
from rich.table import Table
from rich.text import Text

from farthing.embedded.cli import remote
from farthing.embedded.cli.failure import Failure

_NOT_SERVED = {404, 501}
_UNKNOWN = "-"
_SHORT = {"scheduled": "sched", "image pulled": "pull", "migrated": "migrate", "started": "start", "first request": "first"}
_STYLES = {"complete": "green", "failed": "red", "in progress": "yellow"}
# From the widest; the first that there is room for is shown. OUTCOME follows: it gets what is left, and is cut when that is not enough.
_FORMS: Final = (
    ("SERVICE", "KIND", "VERSION", "AGE", "TOOK", "PHASES", "PODS", "5XX", "TRACE"),
    ("SERVICE", "KIND", "VERSION", "AGE", "TOOK", "PHASES", "PODS", "5XX"),
    ("SERVICE", "KIND", "VERSION", "AGE", "TOOK", "SLOWEST", "PODS", "5XX"),
    ("SERVICE", "KIND", "VERSION", "AGE", "TOOK", "SLOWEST", "5XX"),
    ("SERVICE", "KIND", "TO", "AGE", "TOOK", "SLOWEST", "5XX"),
    ("SERVICE", "KIND", "TO", "AGE", "TOOK", "5XX"),
    ("SERVICE", "KIND", "AGE", "TOOK"),
)
_OUTCOME = 14  # columns that are enough for it
_GAP = 2
_ANY = 10_000
_NUMBERS = {"AGE", "TOOK", "PODS", "5XX"}


def rollouts(limit: int, service: str | None, *, as_json: bool) -> None:
    """Raises Failure."""
    query = urlencode({"limit": limit} | ({"service": service} if service else {}))
    try:
        answer = remote.call("GET", f"rollouts?{query}")
    except remote.PlatformRefused as refusal:
        if refusal.status not in _NOT_SERVED:
            raise
        raise Failure(f"no observer at {remote.address()}: rollouts are watched on a cluster only, by charts/observability", 4) from None
    if as_json:
        remote.OUT.print_json(data=answer)
    elif answer["rollouts"]:
        show(answer["rollouts"], datetime.now(UTC), Console(highlight=False))
    else:
        of = f" to {service} (`farthing services` lists the names)" if service else ""
        Console(stderr=True, soft_wrap=True, highlight=False).print(f"nothing has happened yet{of}", markup=False)


def show(found: list[dict[str, Any]], now: datetime, console: Console) -> None:
    """One line for each: what the terminal (or COLUMNS, as `watch` sets it) has room for, and through a pipe everything."""
    plain = console.options.ascii_only
    rows = [_cells(row, now, ">" if plain else "→") for row in found]
    widths = {name: max(len(name), *(row[name].cell_len for row in rows)) for name in rows[0]}
    room = console.width if console.is_terminal or "COLUMNS" in os.environ else _ANY
    form = next((one for one in _FORMS if _width(one, widths) + min(widths["OUTCOME"], _OUTCOME) <= room), _FORMS[-1])
    widths["OUTCOME"] = max(min(widths["OUTCOME"], room - _width(form, widths)), len("OUTCOME"))
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), width=_width(form, widths) + widths["OUTCOME"])
    for name in (*form, "OUTCOME"):
        table.add_column(
            name,
            justify="right" if name in _NUMBERS else "left",
            width=widths[name],
            no_wrap=True,
            overflow="crop" if plain else "ellipsis",
        )
    for row in rows:
        table.add_row(*(row[name] for name in (*form, "OUTCOME")))
    console.print(table, soft_wrap=True)


def _width(form: tuple[str, ...], widths: dict[str, int]) -> int:
    return sum(widths[name] + _GAP for name in form)


def _cells(row: dict[str, Any], now: datetime, arrow: str) -> dict[str, Text]:
    began, ended = datetime.fromisoformat(row["began"]), row.get("ended")
    phases = [(seconds, f"{_SHORT.get(name, name)} {seconds:.1f}") for name, seconds in row["phases"].items()]
    failed = row.get("requests_failed")
    before, after = row["from_version"] or _UNKNOWN, row["to_version"] or _UNKNOWN
    cells = {
        "SERVICE": row["service"],
        "KIND": row["kind"],
        "VERSION": after if before == after else f"{before}{arrow}{after}",
        "TO": after,
        "AGE": _age(now - began),
        "TOOK": f"{(datetime.fromisoformat(ended) - began).total_seconds():.1f}s" if ended else "",
        "PHASES": " ".join(text for _, text in phases),
        "SLOWEST": max(phases, default=(0, ""))[1],
        "PODS": str(row["pods"]),
        "5XX": "" if failed is None else str(failed),
        "TRACE": row.get("trace_id"),
    }
    outcome = Text(row["outcome"], _STYLES.get(row["outcome"], ""))
    if row["cause"]:
        outcome = Text.assemble(outcome, f" ({row['cause']})")
    return {name: Text(text or _UNKNOWN) for name, text in cells.items()} | {"OUTCOME": outcome}


def _age(passed: timedelta) -> str:
    """In the largest unit of which there are two. Never negative: the cluster's clock may be ahead of this machine's."""
    seconds = max(0, int(passed.total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= 2 * size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
