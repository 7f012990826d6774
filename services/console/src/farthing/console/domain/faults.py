"""Which faults can strike where."""

from __future__ import annotations

from typing import Final

# Operations inside the platform that faults can strike, besides everything that the public API serves.
CHARGE: Final = "processor.charge"
POST: Final = "ledger.post"
DELIVER: Final = "webhooks.deliver"
INTERNAL: Final = (CHARGE, POST, DELIVER)

_AROUND_A_REQUEST: Final = frozenset({"error", "latency", "lost_response"})
_KINDS: Final = {CHARGE: _AROUND_A_REQUEST, POST: _AROUND_A_REQUEST, DELIVER: frozenset({"duplicate", "delay"})}
_PUBLIC_KINDS: Final = _AROUND_A_REQUEST | {"expire"}


def kinds_of(operation: str) -> frozenset[str]:
    """What can go wrong there: requests fail, dawdle or lose their answer; a token expires only outside; deliveries are doubled or late."""
    return _KINDS.get(operation, _PUBLIC_KINDS)
