"""The ledger's books, proved and compared with what payments says happened."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol, TypeVar

from farthing.clients.accounts.client import AccountsClient
from farthing.clients.ledger.client import LedgerClient
from farthing.clients.ledger.models import AccountPage, Audit
from farthing.clients.payments.client import PaymentsClient
from farthing.console.operations.comparison import LedgerSide, PaymentsSide, differences
from farthing.console.operations.patience import patience

_PAGE: Final = 1000
_LONGEST: Final = 100.0  # seconds
_SHOWN: Final = 100  # problems


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

    async def audit(self) -> FullAudit:
        """Prove the books. A service that cannot be asked makes it fail, never pass."""
        with patience(time.monotonic() + _LONGEST):
            own = await self._ledger.audit()
            payments, lasting, moving = await self._compare()
        problems = (*own.problems, *list(lasting.values())[:_SHOWN])
        return FullAudit(
            **own.model_dump(exclude={"balanced", "problems"}),
            balanced=own.balanced and not problems,
            problems=problems,
            captures=len(payments.captures),
            refunds=len(payments.refunds),
            open_authorizations=len(payments.authorizations),
            in_flight=moving,
        )

    async def balances(self, owner: str | None, after: str | None, limit: int) -> AccountPage:
        """Accounts of the books, of one owner or all; `owner` is an id or an e-mail address. Raises AccountNotFound."""
        if owner is not None and "@" in owner:
            owner = (await self._accounts.by_email(owner)).id
        return await self._ledger.accounts(owner, after=after, limit=limit)

    async def _compare(self) -> tuple[PaymentsSide, dict[str, str], int]:
        """The two cannot be read at one moment: what differs is read again, and counts only if it lasts and nobody is at it."""
        payments = await self._read_payments()
        first = differences(payments, await self._read_ledger())
        if not first:
            return payments, {}, 0
        again = await self._read_payments()
        second = differences(again, await self._read_ledger())
        flying = payments.in_flight | again.in_flight
        lasting = {id: text for id, text in second.items() if id in first and id not in flying}
        return again, lasting, len((first.keys() | second.keys()) - lasting.keys())

    async def _read_payments(self) -> PaymentsSide:
        payments = self._payments
        captures = await _all(lambda after: payments.captures(after=after or 0, limit=_PAGE), lambda page: page.captures)
        refunds = await _all(lambda after: payments.refunds(after=after or 0, limit=_PAGE), lambda page: page.refunds)
        open_ones = await _all(lambda after: payments.open_authorizations(after=after or 0, limit=_PAGE), lambda page: page.authorizations)
        making = (await payments.in_flight()).ids
        changing = {line.hold for line in open_ones if line.in_flight and line.hold is not None}
        busy = {line.id for line in captures if line.in_flight}
        return PaymentsSide(captures, refunds, open_ones, frozenset(making) | changing | busy)

    async def _read_ledger(self) -> LedgerSide:
        transfers = await _all(lambda after: self._ledger.transfers(after=after, limit=_PAGE), lambda page: page.transfers)
        return LedgerSide(transfers, await _all(lambda after: self._ledger.holds(after=after, limit=_PAGE), lambda page: page.holds))


class _Page(Protocol):
    @property
    def next(self) -> Any: ...  # noqa: ANN401 - a number or a text: whatever its service takes as `after`


P = TypeVar("P", bound=_Page)
T = TypeVar("T")


async def _all(read: Callable[[Any], Awaitable[P]], items: Callable[[P], tuple[T, ...]]) -> tuple[T, ...]:
    """What is on all pages."""
    page = await read(None)
    found = list(items(page))
    while page.next is not None:
        page = await read(page.next)
        found += items(page)
    return tuple(found)
