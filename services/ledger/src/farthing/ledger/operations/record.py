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
        self._proving: asyncio.Task[Audit] | None = None

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
        Transfers posted after the last block are counted as unsealed. One runs at a time, to its end even when nobody waits any more: who
        asks meanwhile learns what it finds, so that asking again after a time-out is of use. Raises Unavailable.

        `expected`: a head that somebody kept. The hashes have no key, so that the owner of the tables can seal anew what he changed; then
        this block has another one, or is gone.
        """
        found = await self._joined()
        if expected is None:
            return found
        has = await self._repository.hash_of(expected.block)
        if has != expected.hash:
            instead = f"it has {has}" if has else "there is no such block"
            problem = f"block {expected.block} was expected with hash {expected.hash}; {instead}"
            return found.model_copy(update={"balanced": False, "problems": (problem, *found.problems)})
        return found if found.block >= expected.block else await self._joined()  # it had begun before that block was sealed

    async def _joined(self) -> Audit:
        if self._proving is None or self._proving.done():
            self._proving = asyncio.create_task(self._prove())
        return await asyncio.shield(self._proving)

    async def stop(self) -> None:
        if self._proving is not None:
            self._proving.cancel()
            await asyncio.wait([self._proving])

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
