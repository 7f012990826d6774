from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest

from farthing.kit.clock import Clock
from farthing.kit.db import Database
from farthing.kit.migrations import migrate
from farthing.ledger.domain import AccountName, Leg, NewHold, Posting
from farthing.ledger.operations.books import Books
from farthing.ledger.operations.postings import Postings
from farthing.ledger.operations.queue import PostingQueue
from farthing.ledger.operations.record import Record
from farthing.ledger.repository.books import BooksRepository
from farthing.ledger.repository.postings import PostingRepository
from farthing.ledger.repository.record import RecordRepository
from tests.postgres import PostgresServer

ROLE = "ledger_tests"
TABLES = ("blocks", "entries", "transfers", "holds", "accounts")
FUNDING = AccountName("sandbox", "funding", "USD")
FEES = AccountName("platform", "fees", "USD")


def wallet(owner: str, currency: str = "USD") -> AccountName:
    return AccountName(owner, "wallet", currency)


def paying(id: str, debit: AccountName, credit: AccountName, amount: int, floor: int | None = None) -> Posting:
    return Posting(id, "capture", f"order of {id}", (Leg(debit, credit, amount, floor),))


@dataclass(frozen=True)
class Ledger:
    """One replica of the service, without HTTP."""

    database: Database
    clock: Clock
    accounts: PostingRepository
    queue: PostingQueue
    postings: Postings
    books: Books
    record: Record

    async def fund(self, account: AccountName, amount: int) -> None:
        await self.postings.post(paying(f"fund.{account}.{amount}".replace("/", "."), FUNDING, account, amount))

    async def seal(self) -> int:
        """Seal all that was posted."""
        await settled(self.database)
        return await self.record.seal()

    async def hold(self, id: str, account: AccountName, amount: int) -> None:
        await self.postings.place_hold(NewHold(id, account, amount))

    async def state(self, account: AccountName) -> tuple[int, int]:
        """(balance, held); (0, 0) for an account that nobody opened."""
        found = {(b.kind, b.currency): (b.balance, b.held) for b in (await self.books.balances(account.owner)).balances}
        return found.get((account.kind, account.currency), (0, 0))


async def settled(database: Database) -> None:
    """Return when all that was posted can be sealed: any transaction on the server, autovacuum's too, can hold that back for a moment."""
    for _ in range(1000):
        row = await database.row("SELECT coalesce(max(xid) < pg_snapshot_xmin(pg_current_snapshot()), true) AS over FROM transfers")
        if row is not None and row["over"]:
            return
        await asyncio.sleep(0.01)
    pytest.fail("a transaction does not end")


class Databases:
    """The migrated database of all tests: replicas of the service on it, and ways past the service."""

    def __init__(self, server: PostgresServer, name: str) -> None:
        self._server, self._name = server, name

    @asynccontextmanager
    async def replica(self) -> AsyncIterator[Ledger]:
        database = Database(self._server.dsn(self._name, ROLE), "ledger")
        clock, accounts = Clock(), PostingRepository()
        queue = PostingQueue(database, accounts, clock)
        record = Record(database, RecordRepository(database), clock)
        try:
            await database.open()  # so that replicas compete from the first posting on
            yield Ledger(database, clock, accounts, queue, Postings(queue), Books(BooksRepository(database)), record)
        finally:
            await queue.stop()
            await database.close()

    @asynccontextmanager
    async def connect(self, user: str = "postgres") -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
        connection = await asyncpg.connect(self._server.dsn(self._name, user), server_settings={"search_path": "ledger"})
        try:
            yield connection
        finally:
            await connection.close()

    async def as_owner(self, sql: str, *values: Any) -> Any:
        """Execute past the service, as the owner of the tables, and answer the first value."""
        async with self.connect() as connection:
            return await connection.fetchval(sql, *values)

    async def empty(self) -> None:
        """As a reset does."""
        async with self.connect() as connection:
            await connection.execute("".join(f"DELETE FROM {table};" for table in TABLES))


async def _migrate(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(f"DO $$ BEGIN CREATE ROLE {ROLE} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
        await migrate(connection, "ledger", role=ROLE)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def migrated(postgres_server: PostgresServer) -> Iterator[Databases]:
    name = postgres_server.create_database()
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, _migrate(postgres_server.dsn(name))).result()
    yield Databases(postgres_server, name)
    postgres_server.drop_database(name)


@pytest.fixture
async def databases(migrated: Databases) -> Databases:
    await migrated.empty()
    return migrated


@pytest.fixture
async def ledger(databases: Databases) -> AsyncIterator[Ledger]:
    async with databases.replica() as found:
        yield found
