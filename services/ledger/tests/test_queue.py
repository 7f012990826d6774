"""Many callers at once, replicas side by side, and a database that goes away."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterable
from typing import Any

import pytest

from farthing.clients.ledger.errors import HoldExceeded
from farthing.kit.clock import Clock
from farthing.kit.db import Database
from farthing.kit.errors import Unavailable
from farthing.ledger.domain import HoldUse, Leg, Posting
from farthing.ledger.operations.queue import BATCH, PostingQueue
from farthing.ledger.repository.postings import Outcome, PostingRepository
from services.ledger.tests.conftest import FUNDING, Databases, Ledger, paying, wallet

ANN, BOB, SHOP = wallet("ANN"), wallet("BOB"), wallet("SHOP")
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
LOCK = "SELECT 1 FROM accounts WHERE owner = $1 FOR NO KEY UPDATE"


async def together(calls: Iterable[Awaitable[bool]]) -> Counter[str]:
    """How often each outcome came: False (posted), True (replayed), or an error's name."""
    found = await asyncio.gather(*calls, return_exceptions=True)
    return Counter(type(outcome).__name__ if isinstance(outcome, BaseException) else str(outcome) for outcome in found)


async def audited(ledger: Ledger) -> int:
    """The number of transfers in books that balance."""
    audit = await ledger.record.audit()
    assert audit.problems == ()
    return audit.transfers


class TestConcurrency:
    async def test_200_on_one_account(self, ledger: Ledger) -> None:
        await ledger.fund(ANN, 120)
        outcomes = await together(ledger.postings.post(paying(f"t.{n}", ANN, wallet(f"S{n % 7}"), 1)) for n in range(200))
        assert outcomes == {"False": 120, "InsufficientFunds": 80}
        assert await ledger.state(ANN) == (0, 0)
        assert await audited(ledger) == 121

    async def test_a_bad_one_among_many_fails_alone(self, ledger: Ledger) -> None:
        await ledger.fund(ANN, 99)
        calls = [ledger.postings.post(paying(f"t.{n}", ANN if n != 50 else BOB, SHOP, 1)) for n in range(100)]
        assert await together(calls) == {"False": 99, "InsufficientFunds": 1}
        assert (await ledger.state(ANN), await ledger.state(SHOP)) == ((0, 0), (99, 0))

    @pytest.mark.parametrize("bad", [paying("bad", FUNDING, ANN, 10**30), Posting("bad", "nul", "\0", (Leg(FUNDING, ANN, 1),))])
    async def test_one_that_breaks_the_batch_fails_alone(self, ledger: Ledger, bad: Posting) -> None:
        good = [paying(f"t.{n}", FUNDING, ANN, 1) for n in range(20)]
        outcomes = await together(ledger.postings.post(posting) for posting in [*good[:10], bad, *good[10:]])
        assert outcomes["False"] == 20
        assert await ledger.state(ANN) == (20, 0)

    async def test_a_refused_one_lends_nothing_to_those_after_it(self, ledger: Ledger) -> None:
        """BOB would have 10 if ANN had them."""
        outcomes = await together([ledger.postings.post(paying("t.1", ANN, BOB, 10)), ledger.postings.post(paying("t.2", BOB, SHOP, 10))])
        assert outcomes == {"InsufficientFunds": 2}

    async def test_a_refused_one_takes_nothing_from_those_after_it(self, ledger: Ledger) -> None:
        await ledger.fund(ANN, 10)
        refused = Posting("t.1", "capture", legs=(Leg(ANN, SHOP, 10), Leg(BOB, SHOP, 1)))
        outcomes = await together([ledger.postings.post(refused), ledger.postings.post(paying("t.2", ANN, SHOP, 10))])
        assert outcomes == {"InsufficientFunds": 1, "False": 1}

    async def test_money_that_arrives_in_a_batch_can_be_spent_in_it(self, ledger: Ledger) -> None:
        await ledger.fund(ANN, 10)
        chain = [ANN, BOB, wallet("CIN"), wallet("DAN"), SHOP]
        calls = [ledger.postings.post(paying(f"t.{n}", chain[n], chain[n + 1], 10)) for n in range(4)]
        assert await together(calls) == {"False": 4}
        assert await ledger.state(SHOP) == (10, 0)

    async def test_more_than_a_batch(self, ledger: Ledger) -> None:
        calls = [ledger.postings.post(paying(f"t.{n}", FUNDING, wallet(f"W{n}"), 1)) for n in range(BATCH * 2 + 1)]
        assert await together(calls) == {"False": BATCH * 2 + 1}


class TestTwins:
    async def test_50_at_once_are_one(self, ledger: Ledger) -> None:
        assert await together(ledger.postings.post(paying("t", FUNDING, ANN, 1)) for _ in range(50)) == {"False": 1, "True": 49}
        assert await ledger.state(ANN) == (1, 0)

    async def test_other_content_at_once_is_a_conflict(self, ledger: Ledger) -> None:
        outcomes = await together(ledger.postings.post(paying("t", FUNDING, ANN, amount)) for amount in (5, 6, 5))
        assert outcomes == {"False": 1, "TransferConflict": 1, "True": 1}
        assert await ledger.state(ANN) == (5, 0)

    async def test_two_uses_of_a_hold_at_once(self, ledger: Ledger) -> None:
        await ledger.fund(ANN, 100)
        await ledger.hold("h", ANN, 60)

        def taking(id: str, amount: int) -> Posting:
            return Posting(id, "capture", legs=(Leg(ANN, SHOP, amount),), uses=(HoldUse("h", amount),))

        assert await together(ledger.postings.post(taking(f"c.{n}", 25)) for n in range(2)) == {"False": 2}
        assert await ledger.state(ANN) == (50, 10)
        assert await together(ledger.postings.post(taking(f"d.{n}", 6)) for n in range(2)) == {"False": 1, "HoldExceeded": 1}
        assert await ledger.state(ANN) == (44, 4)
        with pytest.raises(HoldExceeded):
            await ledger.postings.post(taking("e", 5))

    async def test_a_hold_placed_and_used_at_once(self, ledger: Ledger) -> None:
        """The use comes to the queue second and so finds the hold."""
        await ledger.fund(ANN, 10)
        use = Posting("c", "capture", legs=(Leg(ANN, SHOP, 10),), uses=(HoldUse("h", 10, close=True),))
        await asyncio.gather(ledger.hold("h", ANN, 10), ledger.postings.post(use))
        assert await ledger.state(SHOP) == (10, 0)


class TestReplicas:
    async def test_opposite_orders(self, ledger: Ledger, databases: Databases) -> None:
        """Each posting of one replica locks its accounts in the other order than the other replica's does: sorted locks make no circle."""
        names = [wallet(f"W{n}") for n in range(40)]
        for name in names:
            await ledger.fund(name, 100)
        before = await databases.as_owner(DEADLOCKS)
        async with databases.replica() as other:
            calls = []
            for n in range(200):
                here, there = names[n % 40], names[(n * 7 + 1) % 40]
                if here != there:
                    calls.append(ledger.postings.post(paying(f"a.{n}", here, there, 1)))
                    calls.append(other.postings.post(paying(f"b.{n}", there, here, 1)))
            outcomes = await together(calls)
        assert outcomes == {"False": len(calls)}
        assert await audited(ledger) == 40 + len(calls)
        await ledger.database.close()  # what a connection counted is published when it ends
        assert await databases.as_owner(DEADLOCKS) == before

    async def test_accounts_are_locked_in_the_order_of_their_numbers(self, ledger: Ledger, databases: Databases) -> None:
        """While somebody has the fifth, a posting has the four before it and none after it."""
        opened = [wallet(f"W{n}") for n in (3, 1, 4, 5, 9, 2, 6, 8, 7)]
        for name in opened:
            await ledger.fund(name, 10)
        pairs = ((7, 3), (9, 1), (8, 4), (6, 5), (2, 9))
        posting = Posting("t", "capture", legs=tuple(Leg(wallet(f"W{debit}"), wallet(f"W{credit}"), 1) for debit, credit in pairs))
        async with databases.connect() as fifth, databases.connect() as probe, fifth.transaction():
            await fifth.fetch(LOCK, "W9")
            call = asyncio.ensure_future(ledger.postings.post(posting))
            await waits_for_a_lock(databases)
            free = await probe.fetch("SELECT owner FROM accounts WHERE kind = 'wallet' ORDER BY id FOR NO KEY UPDATE SKIP LOCKED")
        assert [row["owner"] for row in free] == ["W2", "W6", "W8", "W7"]
        assert await call is False

    async def test_together_they_spend_what_is_there(self, ledger: Ledger, databases: Databases) -> None:
        async with databases.replica() as other:
            for n in range(10):
                name = wallet(f"W{n}")
                await ledger.fund(name, 8)
                await other.postings.post(paying(f"warm.{n}", name, SHOP, 1))
                calls = [
                    replica.postings.post(paying(f"{n}.{m}.{id(replica)}", name, SHOP, 1)) for m in range(7) for replica in (ledger, other)
                ]
                assert await together(calls) == {"False": 7, "InsufficientFunds": 7}
                assert await ledger.state(name) == (0, 0)
        assert await audited(ledger) == 10 + 80

    async def test_twins_on_two_replicas_are_one(self, ledger: Ledger, databases: Databases) -> None:
        async with databases.replica() as other:
            outcomes = await together(
                replica.postings.post(paying(f"t.{n}", FUNDING, wallet(f"W{n}"), 1)) for n in range(100) for replica in (ledger, other)
            )
        assert outcomes == {"False": 100, "True": 100}
        assert await audited(ledger) == 100

    async def test_a_twin_in_flight_on_other_accounts_is_waited_for(self, ledger: Ledger, databases: Databases) -> None:
        """Nothing but the id connects the two, so no lock of ours tells of the other."""
        async with databases.replica() as other, other.database.connection() as connection:
            transaction = connection.transaction()
            await transaction.start()
            assert await other.accounts.post(connection, [paying("t", FUNDING, ANN, 1)], ledger.clock.now()) == [Outcome(None)]
            twin = paying("t", wallet("X"), wallet("Y"), 1, floor=-1)
            calls = asyncio.gather(
                together([ledger.postings.post(twin)]),
                together(ledger.postings.post(paying(f"u.{n}", wallet("X"), wallet("Z"), 1, floor=-3)) for n in range(3)),
            )
            await waits_for_a_lock(databases)
            await transaction.commit()
        twins, others = await calls
        assert twins == {"TransferConflict": 1}
        assert others == {"False": 3}
        assert await ledger.state(wallet("X")) == (-3, 0)

    async def test_accounts_opened_at_once(self, ledger: Ledger, databases: Databases) -> None:
        async with databases.replica() as other:
            outcomes = await together(
                replica.postings.post(paying(f"{n}.{id(replica)}", FUNDING, wallet(f"W{n}"), 1))
                for n in range(30)
                for replica in (ledger, other)
            )
        assert outcomes == {"False": 60}
        assert await databases.as_owner("SELECT count(1) FROM accounts") == 31

    async def test_accounts_that_a_reset_took_are_opened_anew(self, ledger: Ledger, databases: Databases) -> None:
        """The replica that was not told of the reset remembers numbers that no account has any more."""
        await ledger.fund(ANN, 5)
        await databases.as_owner("WITH a AS (DELETE FROM transfers), b AS (DELETE FROM entries) DELETE FROM accounts")
        await ledger.fund(ANN, 7)
        assert await ledger.state(ANN) == (7, 0)
        assert await audited(ledger) == 1


class TestTrouble:
    async def test_a_cancelled_caller_that_still_waited(self, ledger: Ledger) -> None:
        tasks = [asyncio.ensure_future(ledger.postings.post(paying(f"t.{n}", FUNDING, ANN, 1))) for n in range(10)]
        await asyncio.sleep(0)
        tasks[3].cancel()
        assert await together(tasks) == {"False": 9, "CancelledError": 1}
        assert await ledger.state(ANN) == (9, 0)

    async def test_a_cancelled_caller_whose_batch_is_under_way(self, ledger: Ledger, databases: Databases) -> None:
        await ledger.fund(ANN, 1)
        async with databases.connect() as connection, connection.transaction():
            await connection.fetch(LOCK, "ANN")
            tasks = [asyncio.ensure_future(ledger.postings.post(paying(f"t.{n}", FUNDING, ANN, 1))) for n in range(10)]
            await waits_for_a_lock(databases)
            tasks[3].cancel()
            await asyncio.sleep(0)
        assert await together(tasks) == {"False": 9, "CancelledError": 1}
        assert await ledger.state(ANN) == (11, 0)
        assert await ledger.postings.post(paying("t.3", FUNDING, ANN, 1)) is True

    async def test_a_connection_that_breaks(self, ledger: Ledger, databases: Databases) -> None:
        """Those whose batch was under way cannot know; those who waited do. Both may send again."""
        await ledger.fund(ANN, 1)
        async with databases.connect() as connection, connection.transaction():
            await connection.fetch(LOCK, "ANN")
            first = asyncio.ensure_future(together(ledger.postings.post(paying(f"t.{n}", FUNDING, ANN, 1)) for n in range(3)))
            await waits_for_a_lock(databases)
            second = asyncio.ensure_future(together(ledger.postings.post(paying(f"u.{n}", FUNDING, ANN, 1)) for n in range(3)))
            await asyncio.sleep(0.01)
            await connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'farthing-ledger'")
            assert await first == {"OutcomeUnknown": 3}
            assert await second == {"Unavailable": 3}
        again = [ledger.postings.post(paying(f"{name}.{n}", FUNDING, ANN, 1)) for n in range(3) for name in "tu"]
        assert await together(again) == {"False": 6}
        assert await ledger.state(ANN) == (7, 0)

    async def test_a_database_that_is_away_and_comes_back(self, ledger: Ledger, databases: Databases) -> None:
        nowhere = Database("postgresql://nobody@/nothing?host=/nowhere", "ledger")
        queue = PostingQueue(nowhere, PostingRepository(), Clock())
        for _ in range(2):
            found = await asyncio.gather(*(queue.post(paying(f"t.{n}", FUNDING, ANN, 1)) for n in range(3)), return_exceptions=True)
            assert [type(error) for error in found] == [Unavailable] * 3

    async def test_an_account_that_stays_locked(self, ledger: Ledger, databases: Databases) -> None:
        await ledger.fund(ANN, 1)
        await ledger.database.close()
        ledger.database._settings["lock_timeout"] = "50ms"
        async with databases.connect() as connection, connection.transaction():
            await connection.fetch(LOCK, "ANN")
            outcomes = await together(
                [ledger.postings.post(paying("t", FUNDING, ANN, 1)), ledger.postings.post(paying("u", FUNDING, BOB, 1))]
            )
            assert outcomes == {"Unavailable": 1, "False": 1}
        assert await ledger.postings.post(paying("t", FUNDING, ANN, 1)) is False

    async def test_stopping_finishes_what_waits(self, ledger: Ledger) -> None:
        calls = asyncio.ensure_future(together(ledger.postings.post(paying(f"t.{n}", FUNDING, ANN, 1)) for n in range(200)))
        await asyncio.sleep(0)
        await ledger.queue.stop()
        assert await calls == {"False": 200}


async def waits_for_a_lock(databases: Databases) -> None:
    """Return when a connection of the service waits for somebody else's transaction."""
    for _ in range(500):
        waiting: Any = await databases.as_owner(
            "SELECT count(1) FROM pg_stat_activity WHERE application_name = 'farthing-ledger' AND wait_event_type = 'Lock'"
        )
        if waiting:
            return
        await asyncio.sleep(0.01)
    pytest.fail("nobody waits")
