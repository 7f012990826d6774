"""How other services talk to console."""

from __future__ import annotations

from farthing.kit.rpc import ServiceClient


class ConsoleClient(ServiceClient):
    """Nobody calls the console yet: services of one process hold the same clock, faults and switches as it does."""
