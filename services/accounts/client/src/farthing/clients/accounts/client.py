"""How other services talk to accounts."""

from __future__ import annotations

import re
from typing import ClassVar
from urllib.parse import urlencode

from farthing.clients.accounts.errors import ERRORS, AccountNotFound
from farthing.clients.accounts.models import EMAIL, ID, Account, AccountPage, ByEmail, Instrument, NewAccount
from farthing.kit.errors import ApiError
from farthing.kit.rpc import ServiceClient

_ID = re.compile(ID)
_EMAIL = re.compile(EMAIL)


class AccountsClient(ServiceClient):
    """People and businesses, their addresses and funding instruments."""

    errors: ClassVar[dict[str, type[ApiError]]] = ERRORS

    async def create(self, account: NewAccount, *, key: str) -> Account:
        """Open an account; the same key again answers the same account. Raises EmailTaken, BusinessNameMissing."""
        return await self.call("POST", "/accounts", Account, body=account, key=key)

    async def get(self, account_id: str) -> Account:
        """Raises AccountNotFound."""
        return await self.call("GET", f"/accounts/{_checked(account_id)}", Account)

    async def by_email(self, email: str) -> Account:
        """Find an account by its e-mail address in any letter case. Raises AccountNotFound."""
        if len(email) > 254 or _EMAIL.fullmatch(email) is None:
            raise AccountNotFound
        # Not a GET: addresses of pages end up in logs, and this one would hold personal data. The key lets it be repeated.
        return await self.call("POST", "/accounts/find", Account, body=ByEmail(email=email), key="find")

    async def list(self, *, after: str | None = None, limit: int = 100) -> AccountPage:
        """Accounts in the order in which they were opened, a page at a time (at most 1,000)."""
        query = {"limit": str(limit)} | ({"after": after} if after else {})
        return await self.call("GET", "/accounts", AccountPage, query=urlencode(query).encode())

    async def add_instrument(self, account_id: str, instrument: Instrument) -> Account:
        """Give an account a funding instrument; its id makes it idempotent. Raises AccountNotFound, InstrumentTaken."""
        path = f"/accounts/{_checked(account_id)}/instruments/{instrument.id}"
        return await self.call("PUT", path, Account, body=instrument, key=instrument.id)


def _checked(account_id: str) -> str:
    """What cannot be an id becomes no part of a path. Raises AccountNotFound."""
    if _ID.fullmatch(account_id) is None:
        raise AccountNotFound
    return account_id
