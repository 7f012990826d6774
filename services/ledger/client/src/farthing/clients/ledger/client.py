"""How other services talk to ledger."""

from __future__ import annotations

from typing import ClassVar, Final
from urllib.parse import urlencode

from farthing.clients.ledger.errors import ERRORS
from farthing.clients.ledger.models import AccountPage, Audit, Balances, HoldPage, NewHold, Posting, Receipt, Request, TransferPage
from farthing.kit.errors import ApiError, Unavailable
from farthing.kit.rpc import ServiceClient

_AUDIT_TIMEOUT: Final = 120.0  # seconds


class LedgerClient(ServiceClient):
    """The books. Every write is idempotent by its id for ever: after Unavailable or OutcomeUnknown, send the same again."""

    errors: ClassVar[dict[str, type[ApiError]]] = ERRORS

    async def post(self, posting: Posting) -> Receipt:
        """Post legs and hold changes as one.

        Raises InsufficientFunds, TransferConflict, HoldNotFound, HoldClosed, HoldExceeded, HoldMismatch, HoldConflict; for a posting that
        could never be right EmptyPosting, SameAccount, CurrencyMismatch, UnknownAccountKind, DuplicateHold.
        """
        return await self._write("/transfers", posting.id, posting)

    async def place_hold(self, hold: NewHold) -> Receipt:
        """Set money of an account apart: the posting whose id is the hold's. Raises InsufficientFunds, TransferConflict, HoldConflict."""
        return await self._write("/holds", hold.id, hold)

    async def release_hold(self, hold: str) -> Receipt:
        """Close a hold and make what it still has available again; repeating it is a replay.

        Raises HoldNotFound; HoldClosed when a posting closed it.
        """
        return await self._write(f"/holds/{hold}/release", f"{hold}.release")

    async def balances(self, owner: str) -> Balances:
        """All accounts of an owner; an owner without accounts has none."""
        return await self.call("GET", f"/balances/{owner}", Balances)

    async def accounts(self, owner: str | None = None, *, after: str | None = None, limit: int = 100) -> AccountPage:
        """Accounts in the order in which they were opened, a page at a time (at most 1,000)."""
        return await self.call("GET", "/accounts", AccountPage, query=_query(owner=owner, after=after, limit=limit))

    async def transfers(
        self, *, kind: str | None = None, reference: str | None = None, after: str | None = None, limit: int = 100
    ) -> TransferPage:
        """Postings in the order in which they were posted, a page at a time (at most 1,000)."""
        return await self.call("GET", "/transfers", TransferPage, query=_query(kind=kind, reference=reference, after=after, limit=limit))

    async def holds(self, *, after: str | None = None, limit: int = 100) -> HoldPage:
        """Open holds by id, a page at a time (at most 1,000)."""
        return await self.call("GET", "/holds", HoldPage, query=_query(after=after, limit=limit))

    async def audit(self, block: int | None = None, digest: str | None = None) -> Audit:
        """Prove the books on one snapshot: see `Audit`. Reads every entry, and so may take as long as the caller has time.

        `block` and `digest`, given together, are `block` and `hash` of an earlier audit: this block must still be there.
        Raises 400 INVALID_PARAMETER_VALUE for what is no head.
        """
        answer = await self.send("GET", "/audit", query=_query(block=block, hash=digest), timeout=_AUDIT_TIMEOUT)
        found = Audit.model_validate_json(answer.body)
        if block and found.balanced and not found.hash:
            raise Unavailable(description="This release of ledger does not look for a block that was kept.")
        return found

    async def _write(self, path: str, key: str, body: Request | None = None) -> Receipt:
        # Without defaults, so that the previous release of ledger, which refuses what it does not know, is told only what is meant.
        raw = None if body is None else body.model_dump_json(exclude_defaults=True).encode()
        answer = await self.send("POST", path, body=raw, key=key)
        return Receipt.model_validate_json(answer.body)


def _query(**values: str | int | None) -> bytes:
    return urlencode({name: value for name, value in values.items() if value is not None}).encode()
