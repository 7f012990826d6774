"""More buyers, merchants, apps and money for them."""

from __future__ import annotations

import hashlib

from farthing.clients.accounts.client import AccountsClient
from farthing.clients.accounts.errors import AccountNotFound
from farthing.clients.accounts.models import Account, AccountPage, NewAccount
from farthing.clients.identity.client import IdentityClient
from farthing.clients.identity.models import IssuedApp, NewApp, NewUser
from farthing.clients.ledger.client import LedgerClient
from farthing.clients.ledger.models import FUNDING, WALLET, AccountName, Balances, Leg, Posting
from farthing.clients.merchants.client import MerchantsClient
from farthing.clients.merchants.models import NewMerchant
from farthing.console.errors import AccountKindWrong, AccountUnknown
from farthing.money import Ids, Money

SANDBOX = "sandbox"  # who owns the account that money comes from


class People:
    """Opens accounts with everything that belongs to them, and brings money into their wallets."""

    def __init__(
        self, accounts: AccountsClient, identity: IdentityClient, merchants: MerchantsClient, ledger: LedgerClient, ids: Ids
    ) -> None:
        self._accounts, self._identity = accounts, identity
        self._merchants, self._ledger, self._ids = merchants, ledger, ids

    async def create(self, new: NewAccount, password: str) -> Account:
        """Open an account, let its owner sign in, and make a business a merchant.

        The same again finishes what was left half-done, and answers the same account; a password that it has already stays.
        Raises EmailTaken.
        """
        account = await self._accounts.create(new, key=f"console.{_digest(new.model_dump_json())}")
        await self._identity.create_user(NewUser(account_id=account.id, email=account.email, password=password))
        if account.kind == "business":
            name = account.business_name or account.email
            await self._merchants.create(NewMerchant(account_id=account.id, email=account.email, name=name, country=account.country))
        return account

    async def page(self, after: str | None, limit: int) -> AccountPage:
        return await self._accounts.list(after=after, limit=limit)

    async def create_app(self, email: str, name: str | None, key: str) -> IssuedApp:
        """Make an app of a business; the same key again answers the same app (an empty one is no key).

        Raises AccountUnknown, AccountKindWrong, KeyReused.
        """
        try:
            account = await self._accounts.by_email(email)
        except AccountNotFound:
            raise AccountUnknown(field="/account") from None
        if account.kind != "business":
            raise AccountKindWrong(description="Apps belong to business accounts.", field="/account")
        new = NewApp(account_id=account.id, name=name or account.business_name or account.email)
        return await self._identity.create_app(new, key=f"console.{self._key(key)}")

    async def consent(self, merchant: str, partner: str, *, given: bool) -> None:
        """Let a partner act for a merchant (both by e-mail address), or no longer. Raises AccountNotFound, MerchantNotFound."""
        by, of = await self._accounts.by_email(partner), await self._accounts.by_email(merchant)
        await (self._merchants.give_consent if given else self._merchants.withdraw_consent)(by.id, of.id)

    async def fund(self, email: str, amount: Money, key: str) -> Balances:
        """Move money from the sandbox's account of the books into a wallet, once per key (an empty one is no key).

        Raises AccountNotFound, TransferConflict.
        """
        account = await self._accounts.by_email(email)
        source = AccountName(owner=SANDBOX, kind=FUNDING, currency=amount.currency)
        wallet = AccountName(owner=account.id, kind=WALLET, currency=amount.currency)
        legs = (Leg(debit=source, credit=wallet, amount=amount.minor),)
        await self._ledger.post(Posting(id=f"funding.{self._key(key)}", kind="funding", reference=account.id, legs=legs))
        return await self._ledger.balances(account.id)

    def _key(self, key: str) -> str:
        return _digest(key) if key else self._ids.code(25)


def _digest(text: str) -> str:
    """A key that every service takes, from one that an operator chose."""
    return hashlib.sha256(text.encode()).hexdigest()[:40]
