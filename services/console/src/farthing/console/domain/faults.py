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

_NOTHING: Final[frozenset[str]] = frozenset()
# What is known where a fault would strike: a rule that asks for anything else would never fit.
_FACTS: Final = {CHARGE: _NOTHING, POST: _NOTHING, DELIVER: frozenset({"app", "order", "buyer"})}
_PUBLIC_FACTS: Final = frozenset({"app", "order"})


def kinds_of(operation: str) -> frozenset[str]:
    """What can go wrong there: requests fail, dawdle or lose their answer; a token expires only outside; deliveries are doubled or late."""
    return _KINDS.get(operation, _PUBLIC_KINDS)


def facts_of(operation: str) -> frozenset[str]:
    """By what calls can be told apart there."""
    return _FACTS.get(operation, _PUBLIC_FACTS)
