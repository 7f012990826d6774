"""How other services talk to ledger."""

from __future__ import annotations

from farthing.clients.ledger.errors import ERRORS
from farthing.clients.ledger.models import (
    AccountPage,
    Audit,
    Balances,
    HoldPage,
    NewHold,
    Posting,
    Receipt,
    TransferPage,
)
from farthing.kit.rpc import ServiceClient


class LedgerClient(ServiceClient):
    """The books. Every write is idempotent by its id for ever: after `Unavailable` or `OutcomeUnknown`, send the same again."""

    service = "ledger"
    errors = ERRORS

    async def post(self, posting: Posting) -> Receipt:
        """Post legs and hold changes as one.

        Raises InsufficientFunds, TransferConflict, HoldNotFound, HoldClosed, HoldExceeded, HoldMismatch, HoldConflict; for a posting that
        could never be right EmptyPosting, SameAccount, CurrencyMismatch, UnknownAccountKind, DuplicateHold.
        """
        raise NotImplementedError

    async def place_hold(self, hold: NewHold) -> Receipt:
        """Set money of an account apart: the posting whose id is the hold's. Raises InsufficientFunds, TransferConflict, HoldConflict."""
        raise NotImplementedError

    async def release_hold(self, hold: str) -> Receipt:
        """Close a hold and make what it still has available again; repeating it is a replay.

        Raises HoldNotFound; HoldClosed when a posting closed it.
        """
        raise NotImplementedError

    async def balances(self, owner: str) -> Balances:
        """All accounts of an owner; an owner without accounts has none."""
        raise NotImplementedError

    async def accounts(self, owner: str | None = None, *, after: str | None = None, limit: int = 100) -> AccountPage:
        """Accounts in the order in which they were opened, a page at a time (at most 1,000)."""
        raise NotImplementedError

    async def transfers(
        self, *, kind: str | None = None, reference: str | None = None, after: str | None = None, limit: int = 100
    ) -> TransferPage:
        """Postings in the order in which they were posted, a page at a time (at most 1,000)."""
        raise NotImplementedError

    async def holds(self, *, after: str | None = None, limit: int = 100) -> HoldPage:
        """Open holds by id, a page at a time (at most 1,000)."""
        raise NotImplementedError

    async def audit(self, *, timeout: float = 60.0) -> Audit:
        """Prove the books on one snapshot: see `Audit`. Reads every entry."""
        raise NotImplementedError
