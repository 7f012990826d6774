"""The names of events, and which of them a webhook wants."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

ALL: Final = "*"


@dataclass(frozen=True, slots=True)
class EventType:
    """One name that a webhook can subscribe to; `resource_version` is that of the resource inside (1.0, 2.0, ...)."""

    name: str
    description: str
    resource_version: str


class EventTypes:
    """Every name there is (wire contract, section 7.6)."""

    def __init__(self, types: Iterable[EventType]) -> None:
        self._types = {one.name: one for one in types}

    def all(self) -> list[EventType]:
        return list(self._types.values())

    def known(self, name: str) -> EventType | None:
        return self._types.get(name)

    def unknown(self, names: Iterable[str]) -> str | None:
        """The first name that cannot be subscribed to."""
        return next((name for name in names if name != ALL and name not in self._types), None)


def subscription(names: Iterable[str]) -> tuple[str, ...]:
    """Each name once, in the order given; `*` stands for all others, also those that are added later."""
    once = tuple(dict.fromkeys(names))
    return (ALL,) if ALL in once else once


def wants(subscribed: frozenset[str], event_type: str) -> bool:
    return ALL in subscribed or event_type in subscribed
