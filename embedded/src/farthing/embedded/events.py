"""Events inside one process: from one service's outbox to the inboxes of those that consume it, PostgreSQL to PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from farthing.kit.events import Event, Inbox


class EmbeddedEvents:
    """Stores each event in every consumer's inbox before `publish` returns."""

    def __init__(self) -> None:
        self._inboxes: list[Inbox] = []

    def add(self, inbox: Inbox) -> None:
        self._inboxes.append(inbox)

    async def publish(self, events: Sequence[Event]) -> None:
        for inbox in self._inboxes:
            await inbox.receive(events)
