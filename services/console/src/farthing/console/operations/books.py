"""The ledger's books, proved and compared with what payments says happened."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final, Protocol, TypeVar

from farthing.clients.accounts.client import AccountsClient
from farthing.clients.ledger.client import LedgerClient
from farthing.clients.ledger.models import AccountPage, Audit
from farthing.clients.payments.client import PaymentsClient
from farthing.console.errors import BooksTooLarge
from farthing.console.operations.comparison import Comparison
from farthing.console.operations.patience import patience

_PAGE: Final = 1000
_LONGEST: Final = 100.0  # seconds
_SHOWN: Final = 100  # problems
MOST_KEPT: Final = 100_000  # things remembered at once: some 100 MiB


class FullAudit(Audit):
    """The ledger's own audit, and the comparison with payments: how many of each it has, and how many items were just being made."""

    captures: int
    refunds: int
    open_authorizations: int
    in_flight: int


class Books:
    """Reads ledger and payments; changes nothing."""

    def __init__(self, ledger: LedgerClient, payments: PaymentsClient, accounts: AccountsClient) -> None:
        self._ledger, self._payments, self._accounts = ledger, payments, accounts

    async def audit(self, block: int | None = None, digest: str | None = None) -> FullAudit:
        """Prove the books, and that the ledger's chain has this block with this hash.

        A service that cannot be asked makes it fail, never pass. Raises BooksTooLarge; 400 INVALID_PARAMETER_VALUE for half a head.
        """
        with patience(time.monotonic() + _LONGEST):
            own = await self._ledger.audit(block, digest)
            read, lasting, moving = await self._compare()
        problems = (*own.problems, *list(lasting.values())[:_SHOWN])
        return FullAudit(
            **own.model_dump(exclude={"balanced", "problems"}),
            balanced=own.balanced and not problems,
            problems=problems,
            captures=read.captures,
            refunds=read.refunds,
            open_authorizations=read.authorizations,
            in_flight=moving,
        )

    async def balances(self, owner: str | None, after: str | None, limit: int) -> AccountPage:
        """Accounts of the books, of one owner or all; `owner` is an id or an e-mail address. Raises AccountNotFound."""
        if owner is not None and "@" in owner:
            owner = (await self._accounts.by_email(owner)).id
        return await self._ledger.accounts(owner, after=after, limit=limit)

    async def _compare(self) -> tuple[Comparison, dict[str, str], int]:
        """The two cannot be read at one moment: what differs is read again, and counts only if it stays the same and nobody is at it."""
        once = await self._read()
        first = once.differences()
        if not first:
            return once, {}, 0
        flying = once.changing | set((await self._payments.in_flight()).ids)
        again = await self._read()
        flying |= again.changing | set((await self._payments.in_flight()).ids)
        second = again.differences()
        lasting = {id: text for id, text in second.items() if first.get(id) == text and id not in flying}
        return again, lasting, len((first.keys() | second.keys()) - lasting.keys())

    async def _read(self) -> Comparison:
        """Whichever side is behind is read on, so that what fits meets soon and is forgotten."""
        payments, books, found = self._payments, self._ledger, Comparison()
        async for refunds in _pages(lambda after: payments.refunds(after=after or 0, limit=_PAGE)):
            found.take_refunds(refunds.refunds)
            _refuse_too_many(found)
        captures = _pages(lambda after: payments.captures(after=after or 0, limit=_PAGE))
        transfers = _pages(lambda after: books.transfers(after=after, limit=_PAGE))
        said, posted = await anext(captures, None), await anext(transfers, None)
        while said is not None or posted is not None:
            if said is not None and (posted is None or found.ahead <= 0):
                found.take_captures(said.captures)
                said = await anext(captures, None)
            elif posted is not None:
                found.take_transfers(posted.transfers)
                posted = await anext(transfers, None)
            _refuse_too_many(found)
        await self._read_holds(found)
        return found

    async def _read_holds(self, found: Comparison) -> None:
        payments, books = self._payments, self._ledger
        async for open_ones in _pages(lambda after: payments.open_authorizations(after=after or 0, limit=_PAGE)):
            found.take_authorizations(open_ones.authorizations)
            _refuse_too_many(found)
        async for holds in _pages(lambda after: books.holds(after=after, limit=_PAGE)):
            found.take_holds(holds.holds)
            _refuse_too_many(found)


class _Page(Protocol):
    @property
    def next(self) -> Any: ...  # noqa: ANN401 - a number or a text: whatever its service takes as `after`


P = TypeVar("P", bound=_Page)


def _refuse_too_many(found: Comparison) -> None:
    if found.kept > MOST_KEPT:
        raise BooksTooLarge


async def _pages(read: Callable[[Any], Awaitable[P]]) -> AsyncIterator[P]:
    """One after the other, each read when it is wanted."""
    page = await read(None)
    yield page
    while page.next is not None:
        page = await read(page.next)
        yield page
