"""Read the books."""

from __future__ import annotations

from farthing.clients.ledger import models
from farthing.kit.clock import wire_time
from farthing.kit.errors import Detail, InvalidRequest
from farthing.ledger.domain import Account, AccountName, Hold, Transfer
from farthing.ledger.repository.books import BooksRepository


class Books:
    """What is in the books now, in pages. A page that is not full is the last one."""

    def __init__(self, repository: BooksRepository) -> None:
        self._repository = repository

    async def balances(self, owner: str) -> models.Balances:
        found = await self._repository.of_owner(owner)
        return models.Balances(owner=owner, balances=tuple(_balance(account) for account in found))

    async def accounts(self, owner: str | None, after: str | None, limit: int) -> models.AccountPage:
        """All of an owner's, or a page of everybody's in the order in which they were opened. Raises InvalidRequest."""
        if owner is not None:
            return models.AccountPage(accounts=tuple(_account(account) for account in await self._repository.of_owner(owner)))
        found = await self._repository.accounts(_number(after or "0"), limit)
        last = str(found[-1].number) if len(found) == limit else None
        return models.AccountPage(accounts=tuple(_account(account) for account in found), next=last)

    async def holds(self, after: str | None, limit: int) -> models.HoldPage:
        """The open ones, by id."""
        found = await self._repository.open_holds(after or "", limit)
        return models.HoldPage(holds=tuple(_hold(hold) for hold in found), next=found[-1].id if len(found) == limit else None)

    async def transfers(self, kind: str | None, reference: str | None, after: str | None, limit: int) -> models.TransferPage:
        """In the order of their transactions. Raises InvalidRequest.

        A posting that another replica makes while this reads may later stand before this page's end.
        """
        xid, _, seq = (after or "0.0").partition(".")
        found = await self._repository.transfers(kind, reference, (_number(xid), _number(seq)), limit)
        last = f"{found[-1].xid}.{found[-1].seq}" if len(found) == limit else None
        return models.TransferPage(transfers=tuple(_transfer(transfer) for transfer in found), next=last)


def _balance(account: Account) -> models.Balance:
    _, kind, currency = account.name
    return models.Balance(kind=kind, currency=currency, balance=account.balance, held=account.held, available=account.available)


def _account(account: Account) -> models.Account:
    owner, kind, currency = account.name
    return models.Account(
        owner=owner,
        kind=kind,
        currency=currency,
        balance=account.balance,
        held=account.held,
        available=account.available,
        floor=account.floor,
        version=account.version,
    )


def _hold(hold: Hold) -> models.Hold:
    return models.Hold(
        id=hold.id,
        account=_name(hold.account),
        amount=hold.amount,
        remaining=hold.remaining,
        reference=hold.reference,
        placed_at=wire_time(hold.placed_at),
    )


def _transfer(transfer: Transfer) -> models.Transfer:
    return models.Transfer(
        id=transfer.id,
        seq=transfer.seq,
        kind=transfer.kind,
        reference=transfer.reference,
        posted_at=wire_time(transfer.posted_at),
        legs=tuple(models.TransferLeg(debit=_name(leg.debit), credit=_name(leg.credit), amount=leg.amount) for leg in transfer.legs),
    )


def _name(name: AccountName) -> models.AccountName:
    return models.AccountName.model_construct(owner=name.owner, kind=name.kind, currency=name.currency)


def _number(text: str) -> int:
    """Part of a cursor that an earlier page answered."""
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise InvalidRequest(
            Detail("INVALID_PARAMETER_VALUE", "Take `after` from the `next` of an earlier page.", field="after", location="query")
        )
    return int(text)
