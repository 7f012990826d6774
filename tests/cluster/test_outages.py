"""A service is taken away for a while: only what needs it fails, and says so as PayPal does; afterwards everything catches up."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from farthing.embedded.contents import NAMES
from tests.cluster import blast
from tests.cluster.conftest import StartLoad
from tests.cluster.kube import Kube
from tests.cluster.results import Results, Row
from tests.cluster.rollout import Rollout
from tests.cluster.served import wait_caught_up

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1200)]

BEFORE = 5.0  # seconds
SHORT, LONG = 20.0, 60.0  # seconds
REMEMBERED = 6.0  # seconds: for 5 orders and payments know what they have heard of merchants and accounts


@pytest.fixture(scope="module")
def seen(results: Results) -> Iterator[dict[str, dict[str, blast.Outcome]]]:
    """What failed when each service was away; written as a table at the end."""
    outcomes: dict[str, dict[str, blast.Outcome]] = {}
    yield outcomes
    results.keep("blast-radius", blast.table(outcomes))


@pytest.fixture
def shop(operator: str, kube: Kube) -> Iterator[blast.Shop]:
    made = blast.Shop(operator)
    yield made
    made.close()


def away(kube: Kube, service: str, seconds: float, shop: blast.Shop) -> dict[str, blast.Outcome]:
    """Take the service away, try everything, bring it back."""
    rollout = Rollout(kube, service)
    rollout.scale(0)
    try:
        rollout.wait_ready(0)
        rollout.wait_alone()  # what drains still serves
        begun = time.monotonic()
        time.sleep(REMEMBERED)
        outcomes = shop.outcomes()
        time.sleep(max(0.0, seconds - (time.monotonic() - begun)))
    finally:
        rollout.scale(1)
    rollout.wait_ready(1)
    return outcomes


@pytest.mark.parametrize(
    ("service", "seconds"),
    [
        *[pytest.param(name, SHORT, marks=pytest.mark.brief) for name in ("ledger", "identity", "webhooks")],
        *[pytest.param(name, LONG, marks=pytest.mark.soak) for name in NAMES],
    ],
)
def test_away(
    kube: Kube,
    service: str,
    seconds: float,
    shop: blast.Shop,
    start_load: StartLoad,
    seen: dict[str, dict[str, blast.Outcome]],
    results: Results,
) -> None:
    load = start_load("--patience", "120", "--others", str(shop.CAPTURES))
    time.sleep(BEFORE)
    seen[service] = outcomes = away(kube, service, seconds, shop)
    figures = load.finish()
    caught_up = wait_caught_up(kube, NAMES, 120)
    figures.expect_exact()
    expect_only_those_that_need_it(service, outcomes)
    expect_only_these_failed(service, figures.all)
    text = f"failed: {', '.join(name for name, o in outcomes.items() if o.failed) or 'nothing'}; events caught up after {caught_up:.0f} s"
    results.add(Row(f"away for {seconds:g} s", service, figures.all, text))


def expect_only_those_that_need_it(service: str, outcomes: dict[str, blast.Outcome]) -> None:
    failed = {name for name, outcome in outcomes.items() if outcome.failed}
    may = {name for name, needed in blast.NEEDS.items() if service in needed}
    must = {name for name, owner in blast.OWNED.items() if owner == service}
    assert must <= failed <= may, f"without {service} failed {sorted(failed)}"
    assert {name: o.lacks for name, o in outcomes.items() if o.lacks} == {}


def expect_only_these_failed(service: str, figures: dict[str, Any]) -> None:
    """The client's own requests: 503 from what needs the service, and the health, which says what is down: that one for certain."""
    assert any(what.startswith("health ") for what in figures["failures"]), f"{service} was away and the client did not notice"
    for what in figures["failures"]:
        operation, _, how = what.partition(" ")
        needed = operation == "health" or service in blast.NEEDS[blast.OF_CLIENT[operation]]
        assert needed, f"without {service} failed {what}"
        assert how == "503", f"without {service} failed {what}"
