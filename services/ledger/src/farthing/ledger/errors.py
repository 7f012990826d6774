"""What ledger refuses is said to its callers, so the classes are the client's; here stands which of them the posting function means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from farthing.clients.ledger.errors import (
    CurrencyMismatch,
    DuplicateHold,
    EmptyPosting,
    HoldClosed,
    HoldConflict,
    HoldExceeded,
    HoldMismatch,
    HoldNotFound,
    InsufficientFunds,
    SameAccount,
    TransferConflict,
    UnknownAccountKind,
)
from farthing.kit.errors import ApiError

__all__ = ["REFUSALS", "CurrencyMismatch", "DuplicateHold", "EmptyPosting", "SameAccount", "UnknownAccountKind"]

REFUSALS: Final[Mapping[str, type[ApiError]]] = {
    "insufficient_funds": InsufficientFunds,
    "transfer_conflict": TransferConflict,
    "hold_not_found": HoldNotFound,
    "hold_closed": HoldClosed,
    "hold_exceeded": HoldExceeded,
    "hold_mismatch": HoldMismatch,
    "hold_conflict": HoldConflict,
}
