"""The ledger's books, proved and compared with what payments says happened."""

from __future__ import annotations

from typing import Any

from farthing.clients.accounts.client import AccountsClient
from farthing.clients.ledger.client import LedgerClient
from farthing.clients.ledger.models import AccountPage


class Books:
    """Reads ledger; changes nothing."""

    def __init__(self, ledger: LedgerClient, accounts: AccountsClient) -> None:
        self._ledger, self._accounts = ledger, accounts

    async def audit(self) -> dict[str, Any]:
        found = await self._ledger.audit()
        return found.model_dump()

    async def balances(self, owner: str | None, after: str | None, limit: int) -> AccountPage:
        """Accounts of the books, of one owner or all; `owner` is an id or an e-mail address. Raises AccountNotFound."""
        if owner is not None and "@" in owner:
            owner = (await self._accounts.by_email(owner)).id
        return await self._ledger.accounts(owner, after=after, limit=limit)
