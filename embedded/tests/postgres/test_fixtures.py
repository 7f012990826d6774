"""The fixtures that every other test of the tree stands on."""

from __future__ import annotations

import asyncio

import asyncpg

from tests.postgres import PostgresServer


async def test_a_fresh_database_is_empty_and_writable(postgres_server: PostgresServer, fresh_database: str) -> None:
    connection = await asyncpg.connect(postgres_server.dsn(fresh_database))
    try:
        assert await connection.fetchval("SELECT current_database()") == fresh_database
        assert await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
        await connection.execute("CREATE TABLE t (a int)")
    finally:
        await connection.close()


async def test_the_next_test_gets_another_one(postgres_server: PostgresServer, fresh_database: str) -> None:
    connection = await asyncpg.connect(postgres_server.dsn(fresh_database))
    try:
        assert await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
    finally:
        await connection.close()


def test_a_database_can_be_made_from_a_sync_test_and_from_a_template(postgres_server: PostgresServer) -> None:
    async def fill(name: str) -> None:
        connection = await asyncpg.connect(postgres_server.dsn(name))
        await connection.execute("CREATE TABLE t AS SELECT 7 AS a")
        await connection.close()

    async def read(name: str) -> object:
        connection = await asyncpg.connect(postgres_server.dsn(name))
        try:
            return await connection.fetchval("SELECT a FROM t")
        finally:
            await connection.close()

    original = postgres_server.create_database()
    asyncio.run(fill(original))
    copy = postgres_server.create_database(template=original)
    assert asyncio.run(read(copy)) == 7
    postgres_server.drop_database(copy)
    postgres_server.drop_database(original)
