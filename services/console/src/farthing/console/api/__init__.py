"""Routes of console, all public: the control API of the sandbox below /_farthing, and whatever no other service serves."""

from __future__ import annotations

from farthing.console.api import books, clock, dead_letters, fallback, faults, health, orders, people, state
from farthing.console.api.door import Door
from farthing.console.operations import Operations
from farthing.console.settings import ConsoleSettings
from farthing.kit.api import Api


def routes(operations: Operations, settings: ConsoleSettings, *, sandbox: bool, shared: bool) -> Api:
    """In live mode there is no control API but a minimal health. `shared`: what the operator does reaches every process."""
    api = Api("console")
    fallback.declare(api, operations.unserved, sandbox=sandbox)
    if not sandbox:
        health.declare_minimal(api, operations.health)
        return api
    door = Door(api, settings, operations.publication, shared=shared)
    health.declare(door, operations.health)
    orders.declare(door, operations.approvals, operations.auto_approval)
    people.declare(door, operations.people)
    clock.declare(door, operations.clock)
    faults.declare(door, operations.faults)
    state.declare(door, operations.state, operations.requests)
    books.declare(door, operations.books)
    dead_letters.declare(door, operations.dead_letters)
    return api
