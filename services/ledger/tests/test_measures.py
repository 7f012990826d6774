"""What is measured of the books, read as Prometheus reads it."""

from __future__ import annotations

import asyncio
import io
import time

import asyncpg
import pytest
from prometheus_client import CollectorRegistry

from farthing.kit.db import Database
from farthing.kit.telemetry import Log
from farthing.ledger.operations.measures import Measures
from farthing.ledger.repository.measures import MeasuresRepository
from services.ledger.tests.conftest import Databases, Ledger, paying, wallet
from tests.single import StartSingle

ANN, SHOP, JOHN = wallet("ANN"), wallet("SHOP"), wallet("JOHN", "JPY")


class Looking:
    """Looks at the books of a test and answers what a scrape finds."""

    def __init__(self, database: Database) -> None:
        self._registry = CollectorRegistry()
        self._measures = Measures("ledger", MeasuresRepository(database), self._registry, Log("ledger", "1", io.BytesIO()))

    async def values(self, name: str) -> dict[str, float]:
        await self.look()
        return self.told(name)

    async def look(self) -> None:
        await self._measures.look()

    def last_look(self) -> float | None:
        return self._registry.get_sample_value("farthing_ledger_last_look_timestamp_seconds", {"service": "ledger"})

    def told(self, name: str) -> dict[str, float]:
        """By currency, as the last look left it."""
        found = [sample for metric in self._registry.collect() for sample in metric.samples if sample.name == name]
        assert {sample.labels["service"] for sample in found} <= {"ledger"}
        return {sample.labels["currency"]: sample.value for sample in found}

    async def imbalance(self) -> dict[str, float]:
        return await self.values("farthing_ledger_imbalance_minor_units")

    async def holds(self) -> dict[str, float]:
        return await self.values("farthing_holds_open")


async def test_books_that_balance_read_zero(ledger: Ledger) -> None:
    looking = Looking(ledger.database)
    assert await looking.imbalance() == {}
    await ledger.fund(ANN, 1000)
    await ledger.postings.post(paying("capture.1", ANN, SHOP, 100))
    assert await looking.imbalance() == {"USD": 0}


async def test_a_cent_too_many_is_seen_though_nothing_is_posted(ledger: Ledger, databases: Databases) -> None:
    looking = Looking(ledger.database)
    await ledger.fund(ANN, 1000)
    await databases.as_owner("INSERT INTO accounts (owner, kind, currency) VALUES ('JOHN', 'wallet', 'JPY')")
    assert await looking.imbalance() == {"USD": 0, "JPY": 0}
    await databases.as_owner("UPDATE accounts SET balance = balance + 1 WHERE owner = 'ANN'")
    assert await looking.imbalance() == {"USD": 1, "JPY": 0}
    await databases.as_owner("UPDATE accounts SET balance = balance - 3 WHERE owner = 'ANN'")
    assert await looking.imbalance() == {"USD": -2, "JPY": 0}
    await databases.empty()
    assert await looking.imbalance() == {}  # a currency that is gone is not remembered


async def test_open_holds_are_counted(ledger: Ledger) -> None:
    looking = Looking(ledger.database)
    await ledger.fund(ANN, 1000)
    for name in ("hold.1", "hold.2"):
        await ledger.hold(name, ANN, 10)
    assert await looking.holds() == {"USD": 2}
    for name in ("hold.1", "hold.2"):
        await ledger.postings.release_hold(name)
    assert await looking.holds() == {"USD": 0}


async def test_when_a_look_failed_nothing_is_said_but_when_the_last_one_went_well(ledger: Ledger, databases: Databases) -> None:
    looking = Looking(ledger.database)
    await ledger.fund(ANN, 1000)
    assert await looking.imbalance() == {"USD": 0}
    before = looking.last_look()
    await databases.as_owner("ALTER TABLE accounts RENAME TO mislaid")
    try:
        with pytest.raises(asyncpg.UndefinedTableError):
            await looking.look()
    finally:
        await databases.as_owner("ALTER TABLE mislaid RENAME TO accounts")
    assert looking.told("farthing_ledger_imbalance_minor_units") == looking.told("farthing_holds_open") == {}
    assert looking.last_look() == before
    assert await looking.imbalance() == {"USD": 0}
    assert (looking.last_look() or 0) > (before or 0)


async def test_empty_books_were_looked_at_too(ledger: Ledger) -> None:
    looking = Looking(ledger.database)
    assert looking.last_look() is None
    began = time.time()
    assert await looking.imbalance() == {}
    assert began <= (looking.last_look() or 0) <= time.time()


async def test_the_service_looks_by_itself(single: StartSingle) -> None:
    ledger = await single("ledger")

    def value() -> float | None:
        labels = {"service": "ledger", "currency": "USD"}
        return ledger.host.metrics.registry.get_sample_value("farthing_ledger_imbalance_minor_units", labels)

    while value() is None:  # noqa: ASYNC110 - as a scrape would, from outside
        await asyncio.sleep(0.01)
    assert value() == 0
