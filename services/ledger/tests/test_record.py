"""The hash chain and the audit."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from farthing.kit.errors import Unavailable
from farthing.kit.telemetry import Log
from farthing.ledger.domain import AccountName, Head, HoldUse, Leg, Posting, fingerprint
from farthing.ledger.jobs import Sealing
from services.ledger.tests.conftest import FEES, FUNDING, ROLE, Databases, Ledger, paying, settled, wallet

ANN, BOB, SHOP = wallet("ANN"), wallet("BOB"), wallet("SHOP")
HUGE = 2**63 - 1
BLOCKS = "SELECT json_agg(json_build_array(number, transfers, entries, encode(hash, 'hex')) ORDER BY number) FROM blocks"


async def some_books(ledger: Ledger) -> None:
    """6 transfers with 10 entries on 4 accounts, two holds placed, one of them closed."""
    await ledger.fund(ANN, 1000)
    await ledger.postings.post(Posting("capture.1", "capture", "order.1", (Leg(ANN, SHOP, 100), Leg(SHOP, FEES, 3))))
    await ledger.hold("hold.1", ANN, 60)
    await ledger.hold("hold.2", ANN, 40)
    await ledger.postings.post(Posting("capture.2", "capture", "", (Leg(ANN, SHOP, 50),), (HoldUse("hold.1", 50, close=True),)))
    await ledger.postings.post(paying("refund.1", SHOP, ANN, 150, floor=-5))


async def blocks(databases: Databases) -> list[Any]:
    found: list[Any] = json.loads(await databases.as_owner(BLOCKS) or "[]")
    return found


class TestSeal:
    async def test_everything_that_is_over_is_sealed(self, ledger: Ledger, databases: Databases) -> None:
        await some_books(ledger)
        before = await ledger.record.audit()
        assert (before.balanced, before.sealed, before.unsealed, before.block, before.hash) == (True, 0, 6, 0, "")
        assert await ledger.seal() == 6
        await ledger.fund(BOB, 1)
        after = await ledger.record.audit()
        assert after.model_dump() == {
            "balanced": True,
            "accounts": 5,
            "transfers": 7,
            "entries": 12,
            "sealed": 6,
            "unsealed": 1,
            "open_holds": 1,
            "block": 1,
            "hash": (await blocks(databases))[0][3],
            "problems": (),
        }

    async def test_nothing_is_sealed_twice(self, ledger: Ledger, databases: Databases) -> None:
        await some_books(ledger)
        assert await ledger.seal() == 6
        assert await ledger.seal() == 0
        assert [block[:3] for block in await blocks(databases)] == [[1, 6, 10]]

    async def test_the_chain_can_be_computed_by_others(self, ledger: Ledger, databases: Databases) -> None:
        """From its definition alone: sha256 over the hash before and those of the transfers and accounts, each a JSON array."""
        ledger.clock.freeze()
        moment = round(ledger.clock.now().timestamp() * 1_000_000)
        first = Posting("capture.1", "capture", "order.1", (Leg(FUNDING, ANN, 100, -200), Leg(ANN, FEES, 3)))
        await ledger.postings.post(first)
        await ledger.seal()
        await ledger.hold("hold.1", ANN, 60)
        await ledger.seal()
        number = json.loads(await databases.as_owner("SELECT json_object_agg(owner, id) FROM accounts"))
        seqs = json.loads(await databases.as_owner("SELECT json_agg(seq ORDER BY seq) FROM transfers"))
        hold = await databases.as_owner("SELECT encode(fingerprint, 'hex') FROM transfers WHERE id = 'hold.1'")
        legs = [number["sandbox"], number["ANN"], 100, number["ANN"], number["platform"], 3]
        one = block(
            b"",
            [seqs[0], "capture.1", "capture", "order.1", fingerprint(first).hex(), moment, legs, [-200, None]],
            *sorted([number[name.owner], *name] for name in (FUNDING, ANN, FEES)),
        )
        two = block(one, [seqs[1], "hold.1", "hold.place", "", hold, moment, [], None])
        assert await blocks(databases) == [[1, 1, 4, one.hex()], [2, 1, 0, two.hex()]]

    async def test_what_a_long_transaction_writes_is_not_skipped(self, ledger: Ledger, databases: Databases) -> None:
        """It has the lowest transaction id and commits last: nothing after it is sealed before it."""
        await ledger.fund(ANN, 1)
        await settled(ledger.database)
        async with databases.replica() as other, other.database.connection() as connection:
            transaction = connection.transaction()
            await transaction.start()
            await other.accounts.post(connection, [paying("long", FUNDING, BOB, 1)], ledger.clock.now())
            await ledger.postings.post(paying("short", ANN, SHOP, 1))
            assert await ledger.record.seal() == 1
            assert (await ledger.record.audit()).unsealed == 1
            await transaction.commit()
        assert await ledger.seal() == 2
        audit = await ledger.record.audit()
        assert (audit.problems, audit.sealed, audit.unsealed) == ((), 3, 0)
        assert [block[:2] for block in await blocks(databases)] == [[1, 1], [2, 2]]

    async def test_nor_when_a_full_block_waits_behind_it(self, ledger: Ledger, databases: Databases) -> None:
        async with databases.replica() as other, other.database.connection() as connection:
            transaction = connection.transaction()
            await transaction.start()
            await other.accounts.post(connection, [paying("long", FUNDING, BOB, 1)], ledger.clock.now())
            for n in range(5):
                await ledger.postings.post(paying(f"short.{n}", FEES, ANN, 1))
            repository = ledger.record._repository
            assert await repository.seal(2, ledger.clock.now()) == 0
            await transaction.commit()
        await settled(ledger.database)
        assert [await repository.seal(2, ledger.clock.now()) for _ in range(4)] == [2, 2, 2, 0]
        assert (await ledger.record.audit()).problems == ()

    async def test_one_seals_at_a_time(self, ledger: Ledger, databases: Databases) -> None:
        await some_books(ledger)
        await settled(ledger.database)
        async with databases.connect() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(hashtext('farthing-ledger-seal'))")
            assert await ledger.seal() == 0
        async with databases.replica() as other:
            assert sorted(await asyncio.gather(ledger.record.seal(), other.record.seal())) == [0, 6]

    async def test_blocks_have_a_limit(self, ledger: Ledger, databases: Databases) -> None:
        for n in range(5):
            await ledger.postings.post(paying(f"t.{n}", FUNDING, ANN, 1))
        await settled(ledger.database)
        repository = ledger.record._repository
        assert [await repository.seal(2, ledger.clock.now()) for _ in range(4)] == [2, 2, 1, 0]
        assert (await ledger.record.audit()).problems == ()

    async def test_the_job_is_due_when_there_is_something(self, ledger: Ledger) -> None:
        log = io.BytesIO()
        job = Sealing(ledger.record, ledger.clock, Log("ledger", "1", log)).job()
        assert await job.due() is None
        await some_books(ledger)
        await settled(ledger.database)
        ledger.clock.freeze()
        assert await job.due() == ledger.clock.now()
        assert await job.run() == 6
        assert await job.due() is None
        assert await job.run() == 0
        audit, [line] = await ledger.record.audit(), map(json.loads, log.getvalue().splitlines())
        assert (line["event"], line["transfers"], line["block"], line["hash"]) == ("ledger.sealed", 6, 1, audit.hash)

    async def test_under_load_the_job_pauses(self, ledger: Ledger) -> None:
        log = io.BytesIO()
        sealing = Sealing(ledger.record, ledger.clock, Log("ledger", "1", log))
        started = time.monotonic()
        await sealing.run()
        assert sealing._not_before >= started + 1
        sealing._not_before += 60
        await some_books(ledger)
        await settled(ledger.database)
        assert await sealing.due() is None
        sealing._not_before = 0
        assert await sealing.due() is not None


class TestAppendOnly:
    @pytest.mark.parametrize("table", ["transfers", "entries", "blocks"])
    @pytest.mark.parametrize("change", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}"])
    async def test_the_service_may_not_change_the_record(self, ledger: Ledger, databases: Databases, table: str, change: str) -> None:
        column = {"transfers": "seq", "entries": "leg", "blocks": "number"}[table]
        statement = change.format(table, column, column)
        async with databases.connect(ROLE) as connection:
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
                await connection.execute(statement)
        async with databases.connect() as connection, rolled_back(connection):
            await connection.execute(f"GRANT UPDATE, DELETE, TRUNCATE ON {table} TO {ROLE}; SET LOCAL ROLE {ROLE}")
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match=f"{table} is append-only"):
                await connection.execute(statement)

    @pytest.mark.parametrize("statement", ["DELETE FROM accounts", "DELETE FROM holds", "CREATE TABLE x ()", "DROP TABLE entries"])
    async def test_the_service_may_not_drop_or_make_things(self, ledger: Ledger, databases: Databases, statement: str) -> None:
        async with databases.connect(ROLE) as connection:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)

    async def test_the_owner_resets(self, ledger: Ledger, databases: Databases) -> None:
        await some_books(ledger)
        await ledger.seal()
        await databases.empty()
        ledger.accounts.forget()
        await some_books(ledger)
        assert await ledger.seal() == 6
        assert (await ledger.record.audit()).problems == ()


OF_ANN = "account_id = (SELECT id FROM accounts WHERE owner = 'ANN')"


class TestAudit:
    """Somebody with all rights changes one thing: the first problem names it. Entries of ANN: 1 fund, 2 and 3 captures, 4 refund."""

    @pytest.fixture(autouse=True)
    async def sealed(self, ledger: Ledger) -> None:
        await some_books(ledger)
        await ledger.seal()

    @pytest.mark.parametrize(
        ("change", "first"),
        [
            (
                f"UPDATE entries SET amount = -101 WHERE version = 2 AND {OF_ANN}",
                "entry 2 of account ANN/wallet/USD has amount -101 and balance 900, but before it, at entry 1, the balance was 1000",
            ),
            (
                f"UPDATE entries SET balance = 901 WHERE version = 2 AND {OF_ANN}",
                "entry 2 of account ANN/wallet/USD has amount -100 and balance 901, but before it, at entry 1, the balance was 1000",
            ),
            (
                f"DELETE FROM entries WHERE version = 2 AND {OF_ANN}",
                "entry 3 of account ANN/wallet/USD has amount -50 and balance 850, but before it, at entry 1, the balance was 1000",
            ),
            (
                f"DELETE FROM entries WHERE version = 4 AND {OF_ANN}",
                "transfer refund.1, leg 1 has no entry over 150 in account {ann}",
            ),
            (
                f"INSERT INTO entries SELECT account_id, 5, 999, 1, 7, 1007 FROM entries WHERE version = 4 AND {OF_ANN}",
                "entry 5 of account {ann} over 7 belongs to no leg of transfer 999",
            ),
            (
                "UPDATE accounts SET balance = 1001 WHERE owner = 'ANN'",
                "account ANN/wallet/USD has balance 1001 and version 4, but its 4 entries sum to 1000",
            ),
            (
                "UPDATE accounts SET version = 3 WHERE owner = 'ANN'",
                "account ANN/wallet/USD has balance 1000 and version 3, but its 4 entries sum to 1000",
            ),
            ("DELETE FROM accounts WHERE owner = 'ANN'", "account {ann} has 4 entries but does not exist"),
            (
                f"UPDATE accounts SET balance = {HUGE} WHERE owner = 'ANN'",
                f"account ANN/wallet/USD has balance {HUGE} and version 4, but its 4 entries sum to 1000",
            ),
            (
                f"UPDATE entries SET amount = {HUGE} WHERE version = 2 AND {OF_ANN}",
                f"entry 2 of account ANN/wallet/USD has amount {HUGE} and balance 900, but before it, at entry 1, the balance was 1000",
            ),
            ("UPDATE accounts SET currency = 'EUR' WHERE owner = 'ANN'", "currency EUR does not balance: its accounts sum to 1000"),
            ("UPDATE accounts SET held = 41 WHERE owner = 'ANN'", "account ANN/wallet/USD holds 41, but its open holds sum to 40"),
            ("UPDATE holds SET remaining = 39 WHERE id = 'hold.2'", "account ANN/wallet/USD holds 40, but its open holds sum to 39"),
            ("UPDATE holds SET closed_by = 1 WHERE id = 'hold.2'", "account ANN/wallet/USD holds 40, but its open holds sum to 0"),
            ("DELETE FROM holds WHERE id = 'hold.2'", "account ANN/wallet/USD holds 40, but its open holds sum to 0"),
            ("UPDATE holds SET remaining = 1 WHERE id = 'hold.1'", "hold hold.1 is closed and still has 1"),
            ("UPDATE holds SET account_id = 999, closed_by = 1 WHERE id = 'hold.1'", "hold hold.1 is on account 999, which does not exist"),
            ("UPDATE accounts SET floor = 961 WHERE owner = 'ANN'", "account ANN/wallet/USD has 960 available, its floor is 961"),
            (
                "UPDATE transfers SET legs[3] = 99 WHERE id = 'capture.1'",
                "transfer capture.1, leg 1 moves -99 in account {ann}, but entry 2 is over -100",
            ),
            ("UPDATE transfers SET floors = NULL WHERE id = 'refund.1'", "account SHOP/wallet/USD has -3 available, its floor is 0"),
        ],
    )
    async def test_it_names_the_first_wrong_row(self, ledger: Ledger, databases: Databases, change: str, first: str) -> None:
        ann = await databases.as_owner("SELECT id FROM accounts WHERE owner = 'ANN'")
        await databases.as_owner(change)
        audit = await ledger.record.audit()
        assert audit.balanced is False
        assert audit.problems[0] == first.format(ann=ann)

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE transfers SET reference = 'order.2' WHERE id = 'capture.1'",
            "UPDATE transfers SET kind = 'refund' WHERE id = 'capture.1'",
            "UPDATE transfers SET id = 'capture.9' WHERE id = 'capture.1'",
            "UPDATE transfers SET fingerprint = '' WHERE id = 'capture.1'",
            "UPDATE transfers SET posted_at = posted_at + interval '1 microsecond' WHERE id = 'capture.1'",
            "UPDATE transfers SET floors = '{-6}' WHERE id = 'refund.1'",
            "UPDATE transfers SET xid = '1' WHERE id = 'capture.2'",
            "DELETE FROM transfers WHERE id = 'hold.1'",
            "INSERT INTO transfers SELECT 'x', 9, xid, kind, '', fingerprint, '{}', NULL, posted_at FROM transfers WHERE id = 'hold.1'",
            "UPDATE accounts SET owner = 'MALLORY' WHERE owner = 'SHOP'",
            "UPDATE blocks SET hash = sha256('')",
            "UPDATE blocks SET transfers = 5",
        ],
    )
    async def test_a_change_of_what_is_sealed_is_noticed(self, ledger: Ledger, databases: Databases, change: str) -> None:
        await databases.as_owner(change)
        problems = (await ledger.record.audit()).problems
        assert [problem[:19] for problem in problems] == ["block 1 was sealed "]

    async def test_a_missing_block(self, ledger: Ledger, databases: Databases) -> None:
        for n in range(2):
            await ledger.fund(BOB, n + 1)
            await ledger.seal()
        await databases.as_owner("DELETE FROM blocks WHERE number = 2")
        assert (await ledger.record.audit()).problems == ("block 3 does not continue block 1",)

    async def test_a_block_of_the_middle(self, ledger: Ledger, databases: Databases) -> None:
        """Who forges one block and its hash breaks the next."""
        await ledger.fund(BOB, 1)
        await ledger.seal()
        await databases.as_owner("UPDATE transfers SET reference = 'x' WHERE id = 'capture.1'")
        await databases.as_owner("UPDATE blocks SET hash = (SELECT f.hash FROM block_of('', from_xid, to_xid) f) WHERE number = 1")
        problems = (await ledger.record.audit()).problems
        assert [problem[:19] for problem in problems] == ["block 2 was sealed "]

    @pytest.mark.parametrize("how", ["deleted", "sealed anew"])
    async def test_who_seals_anew_is_found_out_by_a_head_that_was_kept(self, ledger: Ledger, databases: Databases, how: str) -> None:
        """The chain alone does not tell: its hashes have no key."""
        await ledger.fund(BOB, 1)
        await ledger.seal()
        kept = Head(*(await ledger.record.audit()).model_dump(include={"block", "hash"}).values())
        assert await ledger.record.head() == kept
        await ledger.fund(BOB, 2)
        await ledger.seal()
        assert (await ledger.record.audit(kept)).problems == ()

        await databases.as_owner("DELETE FROM blocks")
        await databases.as_owner("UPDATE transfers SET reference = 'forged' WHERE id = 'capture.1'")
        if how == "sealed anew":
            assert await ledger.record._repository.seal(7, ledger.clock.now()) == 7
            assert await ledger.seal() == 1
        blind, audit = await ledger.record.audit(), await ledger.record.audit(kept)
        assert (blind.balanced, blind.problems) == (True, ())
        found = "there is no such block" if how == "deleted" else f"it has {blind.hash}"
        assert (audit.balanced, audit.problems) == (False, (f"block 2 was expected with hash {kept.hash}; {found}",))

    async def test_a_leg_between_two_currencies(self, ledger: Ledger, databases: Databases) -> None:
        """Two accounts change sides, so that each currency as a whole still balances."""
        await ledger.postings.post(paying("eur", AccountName("sandbox", "funding", "EUR"), wallet("EVE", "EUR"), 150))
        await databases.as_owner("UPDATE accounts SET balance = 0 WHERE owner = 'SHOP'")
        await databases.as_owner("UPDATE accounts SET currency = 'EUR' WHERE owner = 'SHOP'")
        problems = (await ledger.record.audit()).problems
        assert "transfer capture.1 does not balance: its entries in EUR sum to 97" in problems
        assert "transfer capture.1 does not balance: its entries in USD sum to -97" in problems

    async def test_of_each_kind_ten_are_enough(self, ledger: Ledger, databases: Databases) -> None:
        for n in range(12):
            await ledger.fund(wallet(f"W{n:02}"), 1)
        await databases.as_owner("UPDATE accounts SET held = 1 WHERE owner LIKE 'W%'")
        problems = (await ledger.record.audit()).problems
        assert problems == tuple(f"account W{n:02}/wallet/USD holds 1, but its open holds sum to 0" for n in range(10))

    async def test_who_asks_while_one_runs_shares_the_next_which_knows_what_he_knows(self, ledger: Ledger, databases: Databases) -> None:
        """Held up by a lock on what only they read, they leave the pool to postings."""
        async with databases.connect() as connection, connection.transaction():
            await connection.execute("LOCK TABLE holds IN ACCESS EXCLUSIVE MODE")
            first = asyncio.create_task(ledger.record.audit())
            await waiting_for_locks(connection, 1)
            await asyncio.gather(*(ledger.postings.post(paying(f"t.{n}", FUNDING, BOB, 1)) for n in range(3)))
            assert await ledger.seal() == 3
            later = [asyncio.create_task(ledger.record.audit(await ledger.record.head())) for _ in range(3)]
            await asyncio.sleep(0.1)
            await waiting_for_locks(connection, 1)
            later[0].cancel()
        [one, other] = await asyncio.gather(*later[1:])
        assert later[0].cancelled()
        assert ((await first).transfers, one.transfers, one.block, one.problems) == (6, 9, 2, ())
        assert one is other

    async def test_after_one_that_failed_the_next_begins_anew(self, ledger: Ledger, databases: Databases) -> None:
        async with databases.connect() as connection, connection.transaction():
            await connection.execute("LOCK TABLE blocks IN ACCESS EXCLUSIVE MODE")
            auditing = asyncio.create_task(ledger.record.audit())
            await waiting_for_locks(connection, 1)
            await connection.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted")
            with pytest.raises(Unavailable):
                await auditing
        assert (await ledger.record.audit()).problems == ()

    async def test_the_end_of_the_service_ends_it(self, ledger: Ledger, databases: Databases) -> None:
        async with databases.connect() as connection, connection.transaction():
            await connection.execute("LOCK TABLE blocks IN ACCESS EXCLUSIVE MODE")
            auditing = asyncio.create_task(ledger.record.audit())
            await waiting_for_locks(connection, 1)
            await ledger.record.stop()
            with pytest.raises(asyncio.CancelledError):
                await auditing
            await waiting_for_locks(connection, 0)

    async def test_what_waits_at_the_end_leaves_nothing_to_a_service_that_begins_again(self, ledger: Ledger, databases: Databases) -> None:
        async with databases.connect() as connection, connection.transaction():
            await connection.execute("LOCK TABLE blocks IN ACCESS EXCLUSIVE MODE")
            audits = [asyncio.create_task(ledger.record.audit())]
            await waiting_for_locks(connection, 1)
            audits.append(asyncio.create_task(ledger.record.audit()))
            await asyncio.sleep(0)
            await ledger.record.stop()
            assert [type(end) for end in await asyncio.gather(*audits, return_exceptions=True)] == [asyncio.CancelledError] * 2
        assert (await ledger.record.audit()).balanced

    async def test_while_postings_are_written(self, ledger: Ledger) -> None:
        writing = asyncio.gather(*(ledger.postings.post(paying(f"t.{n}", FUNDING, wallet(f"W{n % 9}"), 1)) for n in range(600)))
        audits = []
        while not writing.done():
            audits.append(await ledger.record.audit())
        await writing
        assert audits
        assert all(audit.problems == () for audit in audits)


async def waiting_for_locks(connection: asyncpg.Connection[asyncpg.Record], number: int) -> None:
    """Return when so many connections to this database wait for a lock on a table."""
    for _ in range(1000):
        if number == await connection.fetchval("SELECT count(1) FROM pg_locks WHERE NOT granted AND relation IS NOT NULL"):
            return
        await asyncio.sleep(0.01)
    pytest.fail(f"{number} never wait")


@asynccontextmanager
async def rolled_back(connection: asyncpg.Connection[asyncpg.Record]) -> AsyncIterator[None]:
    transaction = connection.transaction()
    await transaction.start()
    try:
        yield
    finally:
        await transaction.rollback()


def block(before: bytes, *rows: list[Any]) -> bytes:
    return hashlib.sha256(before + b"".join(hashlib.sha256(as_postgresql_writes(row).encode()).digest() for row in rows)).digest()


def as_postgresql_writes(row: list[Any]) -> str:
    """With blanks after commas, but none inside its arrays of numbers."""
    parts = [json.dumps(part, separators=(",", ":")) for part in row]
    return "[" + ", ".join(parts) + "]"
