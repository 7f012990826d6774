"""Which faults can strike where."""

from __future__ import annotations

from typing import Final

# Operations inside the platform that faults can strike, besides everything that the public API serves.
CHARGE: Final = "processor.charge"
POST: Final = "ledger.post"
DELIVER: Final = "webhooks.deliver"
INTERNAL: Final = (CHARGE, POST, DELIVER)

_AROUND_A_REQUEST: Final = frozenset({"error", "latency", "lost_response"})
_KINDS: Final = {CHARGE: _AROUND_A_REQUEST, POST: _AROUND_A_REQUEST, DELIVER: _AROUND_A_REQUEST | {"duplicate", "delay"}}
_PUBLIC_KINDS: Final = _AROUND_A_REQUEST | {"expire"}

# What is known where a fault would strike: a rule that asks for anything else would never fit.
_OF_A_PAYMENT: Final = frozenset({"app", "order", "buyer"})
_OF_ANY_REQUEST: Final = frozenset({"app"})
_ABOUT_PAYMENTS: Final = ("orders.", "authorizations.", "captures.", "refunds.", *INTERNAL)
_NEW: Final = "orders.create"  # there is no order yet, and nobody has approved it


def kinds_of(operation: str) -> frozenset[str]:
    """What can go wrong there: requests fail, dawdle or lose their answer; a token expires only outside; deliveries are doubled or late."""
    return _KINDS.get(operation, _PUBLIC_KINDS)


def facts_of(operation: str) -> frozenset[str]:
    """By what calls can be told apart there."""
    return _OF_A_PAYMENT if operation.startswith(_ABOUT_PAYMENTS) and operation != _NEW else _OF_ANY_REQUEST
