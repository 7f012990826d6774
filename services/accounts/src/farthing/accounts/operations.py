"""Use cases of accounts."""

from __future__ import annotations

from farthing.accounts.repository import Repository
from farthing.clients.accounts.errors import AccountNotFound, BusinessNameMissing, EmailTaken, InstrumentTaken, KeyReused
from farthing.clients.accounts.models import Account, AccountPage, Instrument, NewAccount
from farthing.kit.clock import Clock
from farthing.money import Ids


class Accounts:
    """Open accounts, find them, give them funding instruments."""

    def __init__(self, repository: Repository, clock: Clock, ids: Ids) -> None:
        self._repository, self._clock, self._ids = repository, clock, ids

    async def create(self, new: NewAccount, key: str) -> Account:
        """Open an account, once per key. Raises EmailTaken, BusinessNameMissing, KeyReused."""
        if new.kind == "business" and new.business_name is None:
            raise BusinessNameMissing(field="/business_name")
        address = new.address.model_dump_json(exclude_none=True) if new.address else None
        details = (new.email, new.kind, new.country, new.given_name, new.surname, new.business_name, address)
        await self._repository.insert(key, self._ids.account(), details, self._clock.now())
        # Read again in any case: the statement above does not see what a twin that it waited for has written.
        document = await self._repository.by_key(key)
        if document is None:
            raise EmailTaken(field="/email")
        account = Account.model_validate_json(document)
        if NewAccount.model_validate(account.model_dump(include=set(NewAccount.model_fields))) != new:
            raise KeyReused
        return account

    async def get(self, account_id: str) -> Account:
        """Raises AccountNotFound."""
        return _found(await self._repository.by_id(account_id))

    async def by_email(self, email: str) -> Account:
        """Raises AccountNotFound."""
        return _found(await self._repository.by_email(email))

    async def page(self, after: str | None, limit: int) -> AccountPage:
        """A page of accounts in the order in which they were opened."""
        documents = await self._repository.page(after, limit + 1)
        accounts = tuple(Account.model_validate_json(document) for document in documents[:limit])
        return AccountPage(accounts=accounts, next=accounts[-1].id if len(documents) > limit else None)

    async def add_instrument(self, account_id: str, instrument: Instrument) -> Account:
        """Give an account an instrument, once per instrument id. Raises AccountNotFound, InstrumentTaken."""
        details = (instrument.kind, instrument.token, instrument.brand, instrument.last_digits, instrument.expiry, instrument.name)
        await self._repository.add_instrument(instrument.id, account_id, details)
        account = await self.get(account_id)
        if instrument not in account.instruments:
            raise InstrumentTaken
        return account


def _found(document: str | None) -> Account:
    if document is None:
        raise AccountNotFound
    return Account.model_validate_json(document)
