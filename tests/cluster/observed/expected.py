"""What each panel must have shown of the scenario.

Of every panel: each of its queries finds a series that the scenario moved (see `changed`), and a search in Jaeger finds a trace. For some
that is too little: where 0 is what should be read, more must have been there; where much else moves a line, the very thing must.
"""

from __future__ import annotations

from itertools import groupby
from typing import Final

from farthing.embedded.contents import NAMES
from tests.cluster.observed.answers import Reads
from tests.telemetry.queries import Query, queries

Place = tuple[str, str]  # dashboard and panel

SERVICE: Final = "orders"  # what the scenario changes, scales and kills: the variable of the dashboards
# Where the variable is another service: this one is told events, and its due work are deliveries.
SERVICES: Final[dict[Place, str]] = {("service", "Events refused for good"): "webhooks", ("service", "Due work"): "webhooks"}

_ORDERS: Final = {"service": SERVICE}
_ZERO_THEN_ONE: Final = (Reads(at_first=0, reaches=1),)
_FAILED: Final = (Reads(at_first=0, reaches=0.01),)  # a share
_THREE: Final = (Reads(reaches=3),)
_ONCE: Final = 0.9  # an increase by one is reckoned from samples, and may come out a little below
_ONE_MORE: Final = (Reads(reaches=_ONCE),)  # of an hour or a day: an earlier run of the scenario may be in it

# Each must hold for every query of the panel.
EXPECTED: Final[dict[Place, tuple[Reads, ...]]] = {
    ("money", "Imbalance"): _ZERO_THEN_ONE,
    ("money", "Imbalance of the books"): (Reads(at_first=0, reaches=1, where={"currency": "USD"}),),
    ("money", "Captures of an hour"): (Reads(reaches=500),),
    ("money", "Refunds of an hour"): (Reads(reaches=10),),
    ("money", "Holds open"): (Reads(reaches=10),),
    ("money", "Average capture"): (Reads(reaches=2400, where={"currency": "USD"}), Reads(falls=2500, where={"currency": "USD"})),
    ("money", "Webhooks given up"): _ONE_MORE,
    ("money", "Events refused"): _ONE_MORE,
    ("money", "Webhooks"): tuple(Reads(reaches=0.1, where={"outcome": outcome}) for outcome in ("delivered", "failed", "given_up")),
    ("money", "On their way"): (Reads(at_first=0, reaches=1),),
    ("platform", "Pods answering"): (Reads(reaches=len(NAMES) + 2),),  # two more of one service
    ("platform", "Pods silent"): _ZERO_THEN_ONE,
    ("platform", "Failures per second"): (Reads(reaches=0.1),),  # of five minutes: it may still know the platform's start
    ("platform", "Share of failures"): (Reads(at_first=0, reaches=0.01, where=_ORDERS),),
    ("platform", "Error budget left"): (Reads(falls=0),),
    ("platform", "Error budget by promise"): (Reads(falls=0, where={"slo": "checkout-availability"}),),
    ("platform", "Books"): _ZERO_THEN_ONE,
    ("platform", "Oldest event"): (Reads(at_first=0, reaches=1),),
    ("platform", "Oldest event in the outbox"): (Reads(at_first=0, reaches=1, where=_ORDERS),),
    ("platform", "Rollouts"): (Reads(at_first=0, reaches=1, where=_ORDERS),),
    ("platform", "Events refused"): (Reads(reaches=_ONCE, where={"service": "webhooks"}),),
    ("platform", "Restarts"): (Reads(reaches=_ONCE, where={**_ORDERS, "cause": "Error"}),),
    ("rollout", "Going on"): _ZERO_THEN_ONE,
    ("rollout", "Versions serving"): (Reads(reaches=2),),
    ("rollout", "Requests lost"): (Reads(reaches=1),),
    ("rollout", "Not of the newest version"): _ZERO_THEN_ONE,
    ("rollout", "Failures by version"): _FAILED,
    ("rollout", "Replicas"): _THREE,
    ("rollout", "Rollouts and requests lost"): (Reads(reaches=_ONCE),),
    ("scaling", "Replicas"): _THREE,
    ("scaling", "Throttled"): (Reads(reaches=0.01),),
    ("scaling", "Restarts"): (Reads(reaches=_ONCE, where={"cause": "Error"}),),
    ("service", "Failures by version"): _FAILED,
    ("service", "Failures by pod"): _FAILED,
    ("service", "What went wrong"): (Reads(reaches=0.1, where={"operation": "orders.get", "status": "503"}),),
    ("service", "Failures of what it calls"): (Reads(at_first=0, reaches=0.01, where={"callee": "payments"}),),
    ("service", "Oldest event in the outbox"): (Reads(at_first=0, reaches=1),),
    ("service", "Due work"): (Reads(reaches=0.1, where={"task": "webhooks.deliver", "outcome": "done"}),),
    ("service", "Events refused for good"): _ONE_MORE,
}


def place_of(query: Query) -> Place:
    return query.dashboard, query.panel


PLACES: Final[tuple[Place, ...]] = tuple(place for place, _ in groupby(queries(), key=place_of))


def asked(place: Place, values: dict[str, str] | None = None) -> list[Query]:
    """What a panel asks; `values` as for `queries`."""
    given = {"service": SERVICES.get(place, SERVICE), **(values or {})}
    return [query for query in queries(given) if place_of(query) == place]
