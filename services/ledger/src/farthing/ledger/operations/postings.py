"""Write into the books."""

from __future__ import annotations

from farthing.ledger.domain import NewHold, Posting, check, placing, releasing
from farthing.ledger.errors import REFUSALS
from farthing.ledger.operations.queue import PostingQueue


class Postings:
    """Everything that changes the books. Every answer says whether it is a replay; a refusal leaves nothing behind."""

    def __init__(self, queue: PostingQueue) -> None:
        self._queue = queue

    async def post(self, posting: Posting) -> bool:
        """Post once for ever.

        Raises TransferConflict, InsufficientFunds, HoldNotFound, HoldClosed, HoldExceeded, HoldMismatch, HoldConflict, what `check` raises,
        Unavailable, OutcomeUnknown.
        """
        check(posting)
        result, detail = await self._queue.post(posting)
        if result is None:
            return False
        if result == "replayed":
            return True
        raise REFUSALS[result](value=detail)

    async def place_hold(self, hold: NewHold) -> bool:
        return await self.post(placing(hold))

    async def release_hold(self, hold: str) -> bool:
        return await self.post(releasing(hold))
