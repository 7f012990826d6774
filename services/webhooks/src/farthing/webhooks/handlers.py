"""Which events of other services are for apps: all that the manifest lets in, whatever their names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping

from farthing.kit.events import Event
from farthing.webhooks.operations.intake import Intake


def handlers(intake: Intake) -> Mapping[str, Callable[[Event], Awaitable[None]]]:
    """One handler for every type, also for those that a newer release of their service adds."""
    return defaultdict(lambda: intake.receive)
