"""Use cases of console, one module each, and all of them together for the routes."""

from __future__ import annotations

from dataclasses import dataclass

from farthing.console.operations.approvals import Approvals, AutoApproval
from farthing.console.operations.books import Books
from farthing.console.operations.clock import TimeControl
from farthing.console.operations.dead_letters import DeadLetters
from farthing.console.operations.faults import FaultRules
from farthing.console.operations.health import Health
from farthing.console.operations.journal import Requests
from farthing.console.operations.people import People
from farthing.console.operations.publication import Publication
from farthing.console.operations.state import State
from farthing.console.operations.unserved import Unserved


@dataclass(frozen=True, slots=True)
class Operations:
    """What the operator can do."""

    health: Health
    approvals: Approvals
    auto_approval: AutoApproval
    people: People
    clock: TimeControl
    faults: FaultRules
    state: State
    requests: Requests
    books: Books
    dead_letters: DeadLetters
    unserved: Unserved
    publication: Publication
