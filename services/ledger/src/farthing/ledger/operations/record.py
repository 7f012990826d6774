"""Seal what was posted, and prove the books."""

from __future__ import annotations

from typing import Final

from farthing.clients.ledger.models import Audit
from farthing.kit.clock import Clock
from farthing.kit.db import Database
from farthing.ledger.repository.audit import snapshot
from farthing.ledger.repository.record import RecordRepository

BLOCK: Final = 10_000  # transfers
PROBLEMS: Final = 10  # of each check: the first wrong rows tell, thousands of consequences do not


class Record:
    """The hash chain and the audit."""

    def __init__(self, database: Database, repository: RecordRepository, clock: Clock) -> None:
        self._database, self._repository, self._clock = database, repository, clock

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

    async def audit(self) -> Audit:
        """Prove the books on one snapshot.

        Every currency sums to zero; accounts, entries and the journal say the same; holds and floors are kept; nothing sealed was touched.
        Transfers posted after the last block are counted as unsealed.
        """
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
            problems=tuple(problems),
        )
