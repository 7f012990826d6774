"""What ledger refuses, by `issue`. A refused posting leaves nothing behind; sent again it is judged again."""

from __future__ import annotations

from typing import Final

from farthing.kit.errors import ApiError, Conflict, NotFound, Refused


class InsufficientFunds(Refused):
    """A posting would bring what is available of an account below its floor; the detail's value names it as owner/kind/currency."""

    issue = "INSUFFICIENT_FUNDS"
    description = "What is available of the account does not suffice."


class CurrencyMismatch(Refused):
    """A leg's two accounts have different currencies."""

    issue = "CURRENCY_MISMATCH"
    description = "The accounts of a leg must have one currency."


class EmptyPosting(Refused):
    """No legs, no holds used, none placed."""

    issue = "EMPTY_POSTING"
    description = "A posting must move money or change a hold."


class SameAccount(Refused):
    """A leg debits and credits one account."""

    issue = "SAME_ACCOUNT"
    description = "A leg must move money between two accounts."


class UnknownAccountKind(Refused):
    """The account kind is none of the ledger's (wallet, fees, clearing, funding)."""

    issue = "UNKNOWN_ACCOUNT_KIND"
    description = "The ledger has no accounts of this kind."


class DuplicateHold(Refused):
    """One posting names the same hold twice."""

    issue = "DUPLICATE_HOLD"
    description = "A posting can name each hold once."


class TransferConflict(Conflict):
    """The posting's id is in the books with other content."""

    issue = "TRANSFER_CONFLICT"
    description = "A transfer with this id and other content exists."


class HoldConflict(Conflict):
    """A new hold's id is taken by a hold that another posting placed."""

    issue = "HOLD_CONFLICT"
    description = "A hold with this id exists."


class HoldNotFound(NotFound):
    issue = "HOLD_NOT_FOUND"
    description = "There is no such hold."


class HoldClosed(Refused):
    issue = "HOLD_CLOSED"
    description = "The hold is closed: nothing can be taken from it."


class HoldExceeded(Refused):
    """More is taken from a hold than remains in it."""

    issue = "HOLD_EXCEEDED"
    description = "More is taken from the hold than it still has."


class HoldMismatch(Refused):
    """What is taken from a hold is more than the posting debits from its account."""

    issue = "HOLD_MISMATCH"
    description = "What is taken from a hold must be debited from its account in the same posting."


_ALL: Final[tuple[type[ApiError], ...]] = (
    InsufficientFunds,
    CurrencyMismatch,
    EmptyPosting,
    SameAccount,
    UnknownAccountKind,
    DuplicateHold,
    TransferConflict,
    HoldConflict,
    HoldNotFound,
    HoldClosed,
    HoldExceeded,
    HoldMismatch,
)
ERRORS: Final[dict[str, type[ApiError]]] = {error.issue: error for error in _ALL if error.issue is not None}
