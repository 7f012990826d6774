"""The series that every service has, as a scrape finds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from farthing.kit.db import Database
from farthing.kit.errors import Unavailable
from farthing.kit.events import Event
from farthing.kit.service import Running, Service
from farthing.kit.work import Job
from tests.bench import SHOP, Bench, empty_api

SELLING = replace(SHOP, emits=("shop.sold",), calls=("till", "bank"))
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class Post:
    """A transport that is away until it is not."""

    away = True

    async def publish(self, events: Sequence[Event]) -> None:
        if self.away:
            raise Unavailable


def value(bench: Bench, name: str, **labels: str) -> float | None:
    return bench.metrics.registry.get_sample_value(name, {"service": "shop", **labels})


async def test_the_outboxs_age_is_real_time_and_ends_with_the_delivery(bench: Bench, database: Database) -> None:
    post = Post()
    shop = Running(SELLING, Service(empty_api()), bench.host, post)
    assert value(bench, "farthing_outbox_oldest_age_seconds") == 0
    insert = (
        "INSERT INTO outbox (id, type, subject, data, at, recorded) VALUES ('e', 'shop.sold', 's', '{}', $1, now() - interval '1 hour')"
    )
    await database.execute(insert, LONG_AGO)
    bench.clock.move_to(bench.clock.now() + timedelta(days=365))
    with pytest.raises(Unavailable):
        await shop.worker.drain()
    age = value(bench, "farthing_outbox_oldest_age_seconds")
    assert age is not None
    assert timedelta(hours=1) <= timedelta(seconds=age) < timedelta(hours=2)  # neither since the clock's 2000 nor a year from now
    post.away = False
    await shop.worker.drain()
    assert value(bench, "farthing_outbox_oldest_age_seconds") == 0


async def test_connections_are_used_and_idle(bench: Bench, database: Database) -> None:
    Running(SHOP, Service(empty_api()), bench.host, None)
    states = [value(bench, "db_client_connection_count", state=state) for state in ("used", "idle")]
    async with database.connection():
        within = [value(bench, "db_client_connection_count", state=state) for state in ("used", "idle")]
    assert (states, within) == ([0, 1], [1, 0])


async def test_due_work_is_counted_by_outcome(bench: Bench) -> None:
    left = ["work", "work"]

    async def due() -> datetime | None:
        return LONG_AGO if left else None

    async def run() -> int:
        return len([left.pop()])

    shop = Running(SHOP, Service(empty_api(), jobs=(Job("sweep", due, run),)), bench.host, None)
    await shop.worker.drain()
    assert value(bench, "farthing_jobs_total", task="sweep", outcome="done") == 2


async def test_whom_it_calls_is_said(bench: Bench) -> None:
    Running(SELLING, Service(empty_api()), bench.host, None)
    assert [value(bench, "farthing_dependency_info", callee=callee) for callee in ("till", "bank", "nobody")] == [1, 1, None]


async def test_a_scrape_has_no_series_of_creation_times(bench: Bench) -> None:
    bench.metrics.served("shop", "1", "shop.get", 200, 0.001)
    text = bench.metrics.exposition().decode()
    assert "_created" not in text
    assert "process_cpu_seconds_total" in text
