"""Who is at the page: browser sessions, which identity keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from farthing.checkout.domain import Way
from farthing.clients.accounts.errors import AccountNotFound
from farthing.clients.identity.errors import SessionNotFound

if TYPE_CHECKING:
    from farthing.clients.accounts.client import AccountsClient
    from farthing.clients.accounts.models import Account
    from farthing.clients.identity.client import IdentityClient
    from farthing.clients.identity.models import Session


@dataclass(frozen=True, slots=True)
class Payer:
    """Who is signed in, in this browser."""

    session: Session
    account: Account

    def ways(self) -> tuple[Way, ...]:
        """The balance and every stored card."""
        return (Way(), *(Way("card", instrument.id) for instrument in self.account.instruments))


class SignIns:
    """Browser sessions; identity keeps them."""

    def __init__(self, identity: IdentityClient, accounts: AccountsClient) -> None:
        self._identity, self._accounts = identity, accounts

    async def payer(self, session_id: str | None) -> Payer | None:
        """Who is signed in; None when nobody is, or no longer."""
        if not session_id:
            return None
        try:
            session = await self._identity.session(session_id)
            return Payer(session, await self._accounts.get(session.account_id))
        except (SessionNotFound, AccountNotFound):
            return None

    async def sign_in(self, email: str, password: str) -> Session:
        """Raises SignInFailed."""
        return await self._identity.sign_in(email.strip(), password)

    async def sign_out(self, session_id: str) -> None:
        await self._identity.sign_out(session_id)
