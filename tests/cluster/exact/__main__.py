"""Checkouts at a constant rate against a running platform, compared with its books: exit code 1 if not exact, or if a request failed."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import uvloop

from tests.cluster.exact.arrivals import LONGEST
from tests.cluster.exact.books import BooksUnreadable
from tests.cluster.exact.run import NoToken, Plan, run
from tests.cluster.exact.shopper import NEVER, Retries


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster.exact", description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--rate", type=float, default=20.0, help="checkouts per second")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--retry", action="store_true", help="repeat what failed as a good client does; else never")
    parser.add_argument("--plain", action="store_true", help="nothing but create, approve, capture, get")
    parser.add_argument("--patience", type=float, default=60.0, help="seconds that the books may take to be in order")
    parser.add_argument("--others", type=int, default=0, help="captures that somebody else may make meanwhile, with other buyers")
    parser.add_argument("--json", type=Path, help="write all figures into this file")
    parser.add_argument("--begun", type=Path, help="make this file when the first checkout is due")
    parser.add_argument("--until", type=Path, help=f"go on until this file is there, for {LONGEST:g} s at most")
    options = parser.parse_args()
    plan = Plan(
        options.url,
        checkouts=round(options.rate * options.seconds),
        rate=options.rate,
        retries=Retries() if options.retry else NEVER,
        operator=os.environ.get("FARTHING_OPERATOR_TOKEN", ""),
        mixed=not options.plain,
        patience=options.patience,
        others=options.others,
        begun=options.begun.touch if options.begun else lambda: None,
        over=_there(options.until) if options.until else lambda: True,
    )
    try:
        report = uvloop.run(run(plan))
    except (NoToken, BooksUnreadable) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 2
    if options.json:
        options.json.write_text(json.dumps(report.figures(), indent=2), "utf-8")
    sys.stdout.write(report.table() + "\n")
    return 1 if report.problems or report.unfinished or (report.failures and not options.retry) else 0


def _there(file: Path) -> Callable[[], bool]:
    """Whether the file is there; also when nobody can be expected to make it any more."""
    until = time.monotonic() + LONGEST
    return lambda: file.exists() or time.monotonic() > until


if __name__ == "__main__":
    sys.exit(main())
