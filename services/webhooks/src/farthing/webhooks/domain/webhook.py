"""A webhook: a URL of an app, and the events that it wants to be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

MOST: Final = 10  # webhooks of one app


@dataclass(frozen=True, slots=True)
class Webhook:
    id: str
    client_id: str
    account_id: str
    url: str
    event_types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lookup:
    """Ties all events of an account to one of its apps."""

    id: str
    client_id: str
    account_id: str


@dataclass(frozen=True, slots=True)
class Notification:
    """What one app is told: `body` is the document byte for byte, `subject` the resource whose events keep their order.

    `about`: order and buyer (his account's id) of the payment, for faults to match; nobody is told.
    `trace` and `recorded` (real time, unlike `at`) are those of the cause.
    """

    id: str
    client_id: str
    type: str
    transactions: tuple[str, ...]
    body: str
    at: datetime
    subject: str
    trace: str
    recorded: datetime
    about: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Target:
    """A delivery to be made: the transmission's id, the webhook whose id is signed, and the URL."""

    id: str
    webhook_id: str
    url: str
