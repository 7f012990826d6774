from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import asyncpg
import pytest

from farthing.kit.db import Database, Together
from farthing.kit.db.pooled import Connection
from farthing.kit.db.together import BATCH
from farthing.kit.errors import Unavailable

ADD = "INSERT INTO counters (id, n) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET n = counters.n + excluded.n RETURNING id, n"


def adding(database: Database) -> Together:
    return database.together(ADD)


async def total(database: Database) -> int:
    row = await database.row("SELECT coalesce(sum(n), 0) AS n FROM counters")
    assert row is not None
    return int(row["n"])


async def test_each_caller_gets_its_own_row(database: Database) -> None:
    add = adding(database)
    rows = await asyncio.gather(*(add.row(f"c{i}", i) for i in range(3 * BATCH)))
    assert [(row["id"], row["n"]) for row in rows] == [(f"c{i}", i) for i in range(3 * BATCH)]


async def test_one_bad_item_fails_alone(database: Database) -> None:
    add = adding(database)
    results = await asyncio.gather(*(add.row(f"c{i}", 5000 if i == 7 else 1) for i in range(20)), return_exceptions=True)
    assert isinstance(results[7], asyncpg.CheckViolationError)
    assert [result for i, result in enumerate(results) if i != 7 and isinstance(result, BaseException)] == []
    assert await total(database) == 19


async def test_an_item_that_cannot_be_sent_fails_alone(database: Database) -> None:
    add = adding(database)
    results = await asyncio.gather(add.row("a", 1), add.row("b", "not a number"), add.row("c", 1), return_exceptions=True)
    assert isinstance(results[1], asyncpg.DataError)
    assert await total(database) == 2


async def test_many_callers_of_one_row_do_not_wait_for_each_other_in_a_circle(database: Database) -> None:
    first, second = adding(database), adding(database)
    names = [f"c{i}" for i in range(30)]
    await asyncio.gather(*(first.row(name, 1) for name in names), *(second.row(name, 1) for name in reversed(names)))
    assert await total(database) == 60


async def test_a_cancelled_caller_disturbs_nobody(database: Database) -> None:
    add = adding(database)
    tasks = [asyncio.create_task(add.row(f"c{i}", 1)) for i in range(10)]
    await asyncio.sleep(0)
    tasks[3].cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(results[3], asyncio.CancelledError)
    assert sum(isinstance(result, asyncpg.Record) for result in results) == 9


async def test_a_caller_that_comes_while_a_batch_runs_is_woken(database: Database) -> None:
    add = adding(database)
    for round_ in range(50):
        first = asyncio.create_task(add.row(f"a{round_}", 1))
        await asyncio.sleep(0.0005 * (round_ % 5))
        async with asyncio.timeout(5):
            await asyncio.gather(first, add.row(f"b{round_}", 1))
    assert await total(database) == 100


async def test_a_database_that_is_away_is_unavailable_and_comes_back(database: Database) -> None:
    add = adding(database)
    await add.row("a", 1)
    with pytest.raises(Unavailable):
        async with database.connection() as connection:
            await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    rows = await asyncio.gather(*(add.row("a", 1) for _ in range(5)))
    assert sorted(row["n"] for row in rows) == [2, 3, 4, 5, 6]


async def test_the_relay_is_woken_after_a_commit(database: Database) -> None:
    woken: list[int] = []

    async def look() -> int:
        return await total(database)

    database.on_emit = lambda: woken.append(1)
    await database.together(ADD, emits=True).row("a", 1)
    await asyncio.sleep(0)
    assert len(woken) == 1
    assert await look() == 1


class Broken:
    """Fails once in a way that nobody foresaw, then lends what the database lends."""

    def __init__(self, database: Database, error: Exception) -> None:
        self._database, self._errors = database, [error]
        self.on_emit: Callable[[], None] = lambda: None
        self.traced = database.traced

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        async with self._database.connection() as connection:
            if self._errors:
                raise self._errors.pop()
            yield connection


@pytest.mark.timeout(10)
async def test_whatever_fails_nobody_waits_for_ever(database: Database) -> None:
    add = Together(Broken(database, LookupError("unforeseen")), ADD)
    outcomes = await asyncio.gather(*(add.row("a", 1) for _ in range(5)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [LookupError] * 5
    assert (await add.row("a", 1))["n"] == 1


async def test_a_server_that_dies_in_the_middle_of_an_answer_is_away(database: Database) -> None:
    with pytest.raises(Unavailable):
        async with database.connection():
            raise asyncpg.InternalClientError("got result for unknown protocol state 3")
    assert await total(database) == 0


FULL = (
    "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END $$"
)


async def test_a_full_disk_is_told_as_such_until_there_is_room(database: Database) -> None:
    await database.execute(FULL)
    await database.execute("CREATE TRIGGER full_disk BEFORE INSERT ON counters EXECUTE FUNCTION full_disk()")
    add = adding(database)
    results = await asyncio.gather(*(add.row(f"c{i}", 1) for i in range(3)), database.execute(ADD, "d", 1), return_exceptions=True)
    assert [str(result) for result in results if isinstance(result, Unavailable)] == ["The database has no room left."] * 4
    assert await total(database) == 0
    await database.execute("DROP FUNCTION full_disk CASCADE")
    assert (await add.row("c", 1))["n"] == 1
