"""Seal what was posted, and prove the books."""

from __future__ import annotations

import asyncio
from typing import Final

from farthing.clients.ledger.models import Audit
from farthing.kit.clock import Clock
from farthing.kit.db import Database
from farthing.ledger.domain import Head
from farthing.ledger.repository.audit import snapshot
from farthing.ledger.repository.record import RecordRepository

BLOCK: Final = 10_000  # transfers
PROBLEMS: Final = 10  # of each check: the first wrong rows tell, thousands of consequences do not


class Record:
    """The hash chain and the audit."""

    def __init__(self, database: Database, repository: RecordRepository, clock: Clock) -> None:
        self._database, self._repository, self._clock = database, repository, clock
        self._one_at_a_time = asyncio.Lock()
        self._next: asyncio.Task[Audit] | None = None
        self._proving: set[asyncio.Task[Audit]] = set()

    async def something_to_seal(self) -> bool:
        return await self._repository.something_to_seal()

    async def seal(self) -> int:
        """Seal, in commit order, everything whose transaction is certainly over; answer how many transfers.

        One replica seals at a time, the others answer 0.
        """
        total = 0
        while sealed := await self._repository.seal(BLOCK, self._clock.now()):
            total += sealed
        return total

    async def head(self) -> Head:
        """Where something was sealed."""
        return await self._repository.head()

    async def audit(self, expected: Head | None = None) -> Audit:
        """Prove the books on one snapshot.

        Every currency sums to zero; accounts, entries and the journal say the same; holds and floors are kept; nothing sealed was touched.
        Transfers posted after the last block are counted as unsealed. One runs at a time, to its end even when nobody waits any more; who
        asks meanwhile shares the next with all others, so that it sees what they have seen. Raises Unavailable.

        `expected`: a head that somebody kept. The hashes have no key, so that the owner of the tables can seal anew what he changed; then
        this block has another one, or is gone.
        """
        found = await asyncio.shield(self._shared())
        if expected is None or (has := await self._repository.hash_of(expected.block)) == expected.hash:
            return found
        instead = f"it has {has}" if has else "there is no such block"
        problem = f"block {expected.block} was expected with hash {expected.hash}; {instead}"
        return found.model_copy(update={"balanced": False, "problems": (problem, *found.problems)})

    def _shared(self) -> asyncio.Task[Audit]:
        if self._next is None:
            self._next = asyncio.create_task(self._prove_alone())
            self._proving.add(self._next)
            self._next.add_done_callback(self._proving.discard)
        return self._next

    async def _prove_alone(self) -> Audit:
        async with self._one_at_a_time:
            self._next = None
            return await self._prove()

    async def stop(self) -> None:
        running, self._next = list(self._proving), None
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _prove(self) -> Audit:
        async with snapshot(self._database) as books:
            counts = await books.counts()
            problems = await books.problems(PROBLEMS)
        return Audit(
            balanced=not problems,
            accounts=counts.accounts,
            transfers=counts.transfers,
            entries=counts.entries,
            sealed=counts.transfers - counts.unsealed,
            unsealed=counts.unsealed,
            open_holds=counts.open_holds,
            block=counts.block,
            hash=counts.hash,
            problems=tuple(problems),
        )
