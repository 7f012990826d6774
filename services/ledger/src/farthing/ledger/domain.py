"""What may be in the books: account kinds, postings and the rules that need no look into the books. Amounts are minor units."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final, NamedTuple

from farthing.ledger.errors import CurrencyMismatch, DuplicateHold, EmptyPosting, SameAccount, UnknownAccountKind

# The least that must stay available in an account of each kind; None: no limit. It is written into an account when that is opened.
FLOORS: Final[Mapping[str, int | None]] = {
    "wallet": 0,  # a person's or a business's money
    "fees": None,  # what the platform earns
    "clearing": None,  # the other side of cards and banks: below zero by what came in from them
    "funding": None,  # where a sandbox's money comes from
}


class AccountName(NamedTuple):
    """How an account is called outside; inside it has a number."""

    owner: str
    kind: str
    currency: str

    def __str__(self) -> str:
        return "/".join(self)


class Leg(NamedTuple):
    """`amount` leaves `debit` and arrives at `credit`. `floor` replaces the debited account's own."""

    debit: AccountName
    credit: AccountName
    amount: int
    floor: int | None = None


class HoldUse(NamedTuple):
    hold: str
    take: int = 0
    close: bool = False


class NewHold(NamedTuple):
    id: str
    account: AccountName
    amount: int
    reference: str = ""


class Posting(NamedTuple):
    """One indivisible change of the books."""

    id: str
    kind: str
    reference: str = ""
    legs: tuple[Leg, ...] = ()
    uses: tuple[HoldUse, ...] = ()
    places: tuple[NewHold, ...] = ()

    def accounts(self) -> Iterator[AccountName]:
        for leg in self.legs:
            yield leg.debit
            yield leg.credit
        for hold in self.places:
            yield hold.account

    def holds(self) -> Iterator[str]:
        for use in self.uses:
            yield use.hold
        for hold in self.places:
            yield hold.id


class Head(NamedTuple):
    """The last block of the chain at some moment, and its hash in hexadecimal."""

    block: int
    hash: str


class Account(NamedTuple):
    """An account as it stands. `number` is its name inside, `version` the number of its entries."""

    number: int
    name: AccountName
    balance: int
    held: int
    floor: int | None
    version: int

    @property
    def available(self) -> int:
        return self.balance - self.held


class Hold(NamedTuple):
    """An open hold."""

    id: str
    account: AccountName
    amount: int
    remaining: int
    reference: str
    placed_at: datetime


class Transfer(NamedTuple):
    """A posting in the books; (xid, seq) is its place in their order."""

    id: str
    xid: int
    seq: int
    kind: str
    reference: str
    posted_at: datetime
    legs: tuple[Leg, ...]


def placing(hold: NewHold) -> Posting:
    """The posting that places a hold has its id."""
    return Posting(hold.id, "hold.place", hold.reference, places=(hold,))


def releasing(hold: str) -> Posting:
    """One hold is released once, whoever asks: the id says so."""
    return Posting(f"{hold}.release", "hold.release", hold, uses=(HoldUse(hold, close=True),))


def check(posting: Posting) -> None:
    """Refuse what could never be right. Raises EmptyPosting, SameAccount, CurrencyMismatch, DuplicateHold, UnknownAccountKind."""
    if not (posting.legs or posting.uses or posting.places):
        raise EmptyPosting
    for leg in posting.legs:
        if leg.debit == leg.credit:
            raise SameAccount(value=str(leg.debit))
        if leg.debit.currency != leg.credit.currency:
            raise CurrencyMismatch(value=f"{leg.debit.currency}, {leg.credit.currency}")
    for name in posting.accounts():
        if name.kind not in FLOORS:
            raise UnknownAccountKind(value=name.kind)
    if posting.uses or posting.places:
        holds = list(posting.holds())
        if len(set(holds)) != len(holds):
            raise DuplicateHold


def fingerprint(posting: Posting) -> bytes:
    """sha256 of a posting's content: equal for a replay, different for other content under the same id.

    It is kept for ever: what a later release adds may be written only where it is given, so that earlier postings keep theirs.
    Tab and newline part what is written; no name, id or reference contains them.
    """
    lines = [f"{posting.kind}\t{posting.reference}"]
    for debit, credit, amount, floor in posting.legs:
        lines.append("\t".join(("leg", *debit, *credit, str(amount))) + ("" if floor is None else f"\t{floor}"))
    for hold, take, close in posting.uses:
        lines.append(f"use\t{hold}\t{take}" + ("\tclose" if close else ""))
    for id_, account, amount, reference in posting.places:
        lines.append("\t".join(("place", id_, *account, str(amount), reference)))
    return hashlib.sha256("\n".join(lines).encode()).digest()
