"""What a checkout goes through, as its traces have to show it: every request that is served, call, statement and hop of an event."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

Hop = tuple[str, str]  # the service whose span it is, and the span's name


class Hopped(Protocol):
    @property
    def service(self) -> str: ...
    @property
    def name(self) -> str: ...


def _told(source: str, event: str) -> tuple[Hop, ...]:
    """From the outbox to the handler of the one that is told events."""
    return (source, f"send {event}"), ("webhooks", f"receive {event}"), ("webhooks", f"process {event}")


_CREATED: Final = (
    ("orders", "orders.create"),
    ("orders", "GET merchants"),
    ("merchants", "merchants.get"),
    ("merchants", "SELECT merchants"),
    ("orders", "INSERT idempotency INSERT orders"),
)
_LOOKED_AT: Final = (("checkout", "checkout.start"), ("checkout", "GET orders"), ("orders", "orders.view"))
_APPROVED: Final = (
    ("console", "control.orders.approve"),
    ("console", "POST accounts"),
    ("accounts", "accounts.find"),
    ("console", "POST orders"),
    ("orders", "orders.approve"),
    ("orders", "GET accounts"),
    ("accounts", "accounts.get"),
    ("accounts", "SELECT instruments SELECT accounts"),
    ("orders", "UPDATE orders INSERT outbox"),
    *_told("orders", "CHECKOUT.ORDER.APPROVED"),
)
_PAID: Final = (
    ("payments", "payments.pay"),
    ("payments", "INSERT intents"),
    ("payments", "POST ledger"),
    ("ledger", "ledger.post"),
    ("ledger", "SELECT post"),
    ("payments", "UPDATE intents INSERT captures INSERT outbox"),
    *_told("payments", "PAYMENT.CAPTURE.COMPLETED"),
)
_CAPTURED: Final = (
    ("orders", "orders.capture"),
    ("orders", "UPDATE orders"),
    ("orders", "POST payments"),
    ("payments", "GET merchants"),
    *_PAID,
    ("orders", "UPDATE orders INSERT idempotency INSERT outbox"),
    *_told("orders", "CHECKOUT.ORDER.COMPLETED"),
)
_TOLD: Final = (
    ("webhooks", "INSERT inbox"),
    ("webhooks", "INSERT events INSERT deliveries"),
    ("webhooks", "POST"),  # to the merchant
    ("webhooks", "UPDATE deliveries INSERT attempts"),
)
WALLET: Final[tuple[Hop, ...]] = (*_CREATED, *_LOOKED_AT, *_APPROVED, *_CAPTURED, *_TOLD)
CARD: Final[tuple[Hop, ...]] = (
    ("orders", "orders.create"),
    ("orders", "POST vault"),
    ("vault", "vault.store"),
    ("vault", "INSERT cards SELECT cards"),
    ("orders", "POST payments"),
    ("payments", "POST processor"),
    ("processor", "processor.charge"),
    ("processor", "INSERT requests"),
    *_PAID,
)


def missing(found: Iterable[Hopped], hops: Iterable[Hop]) -> list[Hop]:
    """Those that no span is of."""
    there = {(span.service, span.name) for span in found}
    return [hop for hop in hops if hop not in there]
