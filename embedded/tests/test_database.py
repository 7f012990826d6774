"""What a database is prepared for, and for what it is refused."""

from __future__ import annotations

import asyncpg
import pytest

from farthing.embedded.database import DatabaseUnusable, prepare
from farthing.kit.settings import Settings
from farthing.money import Ids
from tests.e2e.test_first_checkout import create
from tests.platform import TestPlatform, place_of
from tests.postgres import PostgresServer


async def accounts_in(dsn: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        found: int = await connection.fetchval("SELECT count(*) FROM accounts.accounts")
        return found
    finally:
        await connection.close()


@pytest.mark.parametrize(("first", "theirs", "ours"), [(True, "sandbox", "live"), (False, "live", "sandbox")])
async def test_the_mode_of_the_first_start_is_a_fact_of_the_data(
    postgres_server: PostgresServer, fresh_database: str, *, first: bool, theirs: str, ours: str
) -> None:
    dsn = postgres_server.dsn(fresh_database)
    await prepare(dsn, seed=first)
    before = await accounts_in(dsn)
    with pytest.raises(DatabaseUnusable, match=f"made in {theirs} mode and this is {ours} mode: set FARTHING_MODE={theirs}"):
        await prepare(dsn, seed=not first)
    await prepare(dsn, seed=first)
    assert (before > 0, await accounts_in(dsn)) == (first, before)


async def test_ids_of_a_seed_repeat_on_fresh_data_and_never_on_kept_ones(postgres_server: PostgresServer, prepared_database: str) -> None:
    made = []
    for starts in (1, 3):
        database = postgres_server.create_database(prepared_database)
        for _ in range(starts):
            platform = TestPlatform(Settings(), place_of(postgres_server, database), ids=Ids(7))
            await platform.start()
            made.append((await create(platform))["id"])
            await platform.close()
        postgres_server.drop_database(database)
    assert made[0] == made[1]
    assert len(set(made)) == 3


async def test_the_mode_holds_across_releases(postgres_server: PostgresServer, fresh_database: str) -> None:
    dsn = postgres_server.dsn(fresh_database)
    await prepare(dsn, seed=False)
    connection = await asyncpg.connect(dsn)
    await connection.execute("UPDATE public.farthing SET prepared = '0123456789abcdefempty'")
    await connection.close()
    with pytest.raises(DatabaseUnusable):
        await prepare(dsn, seed=True)
    await prepare(dsn, seed=False)
