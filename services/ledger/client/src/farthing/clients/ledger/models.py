"""What crosses the boundary of ledger. Amounts are integers of minor units; the currency is that of the accounts."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import ConfigDict, Field

from farthing.kit.model import Model
from farthing.money.amount import MAX_MINOR

WALLET: Final = "wallet"
FEES: Final = "fees"
CLEARING: Final = "clearing"
FUNDING: Final = "funding"

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,128}$")]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]
Reference = Annotated[str, Field(pattern=r"^[ -~]{0,128}$")]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Amount = Annotated[int, Field(gt=0, le=MAX_MINOR)]


class Request(Model):
    """What a caller asks for. An unknown property is refused: nobody carries out an instruction about money that he half understands."""

    model_config = ConfigDict(extra="forbid")


class AccountName(Request):
    """How everybody outside calls an account of the books, e.g. ("BUYER7K3", "wallet", "USD"). It is opened when first used."""

    owner: Name
    kind: Name
    currency: Currency


class Leg(Request):
    """`amount` leaves `debit` and arrives at `credit`; both have one currency.

    `floor` (zero or less) replaces the debited account's own floor for this posting: how far below zero it may bring what is available.
    """

    debit: AccountName
    credit: AccountName
    amount: Amount
    floor: Annotated[int, Field(ge=-MAX_MINOR, le=0)] | None = None


class HoldUse(Request):
    """Free `take` of an open hold, for a debit of its account in the same posting (the rest of that debit comes out of what is available).

    `close` releases whatever the hold still has. A hold stays open, even with nothing left, until it is closed.
    Releasing a hold is `HoldUse(hold=…, close=True)`.
    """

    hold: Id
    take: Annotated[int, Field(ge=0, le=MAX_MINOR)] = 0
    close: bool = False


class NewHold(Request):
    """Set `amount` of an account apart: it stays in the balance and is not available any more."""

    id: Id
    account: AccountName
    amount: Amount
    reference: Reference = ""


class Posting(Request):
    """One indivisible change of the books: all of its legs, hold uses and new holds, or nothing.

    `id` is the caller's intent ("capture.3C679…") and makes it idempotent for ever. What is available of an account that the posting
    lowers must not end below its floor; the order of legs within a posting does not matter.
    """

    id: Id
    kind: Name
    reference: Reference = ""
    legs: Annotated[tuple[Leg, ...], Field(max_length=64)] = ()
    uses: Annotated[tuple[HoldUse, ...], Field(max_length=64)] = ()
    places: Annotated[tuple[NewHold, ...], Field(max_length=64)] = ()


class Receipt(Model):
    """The posting is in the books. `replayed`: it already was."""

    id: str
    replayed: bool = False


class Balance(Model):
    """One account of an owner: available = balance - held."""

    kind: str
    currency: str
    balance: int
    held: int
    available: int


class Balances(Model):
    owner: str
    balances: tuple[Balance, ...]


class Account(Model):
    """`floor` is what is available at least (None: no limit), `version` the number of its entries."""

    owner: str
    kind: str
    currency: str
    balance: int
    held: int
    available: int
    floor: int | None = None
    version: int


class AccountPage(Model):
    accounts: tuple[Account, ...]
    next: str | None = None


class TransferLeg(Model):
    debit: AccountName
    credit: AccountName
    amount: int


class Transfer(Model):
    """A posting that is in the books. `seq` orders transfers as they were posted; `posted_at` is RFC 3339 by the platform's clock."""

    id: str
    seq: int
    kind: str
    reference: str
    posted_at: str
    legs: tuple[TransferLeg, ...]


class TransferPage(Model):
    """`next` is where the following page starts (`after`); None: this was the last one."""

    transfers: tuple[Transfer, ...]
    next: str | None = None


class Hold(Model):
    """An open hold: `remaining` of its `amount` is still set apart."""

    id: str
    account: AccountName
    amount: int
    remaining: int
    reference: str
    placed_at: str


class HoldPage(Model):
    holds: tuple[Hold, ...]
    next: str | None = None


class Audit(Model):
    """The books at one moment. `problems` says, one sentence each, what is wrong with which row, the first wrong rows first.

    `transfers` counts postings (those that only change holds too), `sealed` and `unsealed` add up to it. `block` and `hash` are the head of
    the chain, 0 and empty before the first: who keeps them can have them expected of a later audit (of 0 and empty nothing is expected).
    """

    balanced: bool
    accounts: int
    transfers: int
    entries: int
    sealed: int
    unsealed: int
    open_holds: int
    block: int = 0
    hash: str = ""
    problems: tuple[str, ...] = ()
