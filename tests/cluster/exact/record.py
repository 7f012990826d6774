"""What a run saw: each request, and of each checkout how far it came and what was promised."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Fate = Literal["started", "paid", "refused", "unknown", "unpaid"]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request. `start` (after the run's first arrival) and `seconds` are real time; `status` is 0 without an answer.

    `failure` is empty for what was wanted; else "connection", "timeout", "wrong answer", or the status.
    """

    checkout: int
    operation: str
    attempt: int
    start: float
    seconds: float
    status: int
    failure: str = ""
    debug_id: str = ""

    @property
    def end(self) -> float:
        return self.start + self.seconds


@dataclass(slots=True)
class Checkout:
    """One arrival and what became of it.

    `paid`: the payment was acknowledged, as `capture`. `refused`: the platform said that it does not pay. `unknown`: the request that pays
    was sent, and nothing says whether it was executed. `unpaid`: it ended before that request was sent.
    """

    number: int
    card: bool = False
    order: str = ""
    capture: str = ""
    fate: Fate = "started"
    finished: bool = False


@dataclass(slots=True)
class Record:
    """`wanted`: arrivals, and it grows with a run that goes on.

    `late`: arrivals that started more than LATE seconds after their time, `behind`: more than BEHIND; `latest`: by how many seconds the
    latest did.
    """

    wanted: int
    rate: float
    retries: bool
    checkouts: list[Checkout] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    late: int = 0
    behind: int = 0
    latest: float = 0.0

    @property
    def seconds(self) -> float:
        """How long the arrivals were meant to take."""
        return self.wanted / self.rate
