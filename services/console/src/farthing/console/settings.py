"""Settings of console: from where it may be called, and with what."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from farthing.kit.settings import Settings

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class ConsoleSettings:
    """`hosts`: names under which the operator reaches the platform, at any port.

    `token`: FARTHING_OPERATOR_TOKEN, demanded when it is set.
    """

    hosts: frozenset[str]
    token: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, settings: Settings) -> ConsoleSettings:
        own = (urlsplit(settings.public_url).hostname or "").rstrip(".")
        return cls(_LOOPBACK | ({own} if own else set()), settings.environment.get("FARTHING_OPERATOR_TOKEN") or None)
