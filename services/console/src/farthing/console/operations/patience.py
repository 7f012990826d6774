"""Time for what takes longer than a public request may."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from farthing.kit.call import TRAIL
from farthing.kit.telemetry.tracing import new_trail


@contextmanager
def patience(until: float) -> Iterator[None]:
    """Calls to other services inside may go on until then (monotonic seconds), whatever the deadline of the operator's request is."""
    token = TRAIL.set(new_trail(max(1.0, until - time.monotonic()), sampled=False))
    try:
        yield
    finally:
        TRAIL.reset(token)
