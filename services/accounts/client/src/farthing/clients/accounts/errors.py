"""What accounts refuses, by `issue`."""

from __future__ import annotations

from typing import Final

from farthing.kit.errors import ApiError, Conflict, NotFound, Refused


class AccountNotFound(NotFound):
    issue = "ACCOUNT_NOT_FOUND"
    description = "There is no such account."


class EmailTaken(Conflict):
    """Another account has this e-mail address, perhaps in other letter case."""

    issue = "EMAIL_TAKEN"
    description = "An account with this e-mail address exists."


class KeyReused(Conflict):
    issue = "IDEMPOTENCY_KEY_REUSED"
    description = "Another account was opened with this Idempotency-Key: use a new one."


class BusinessNameMissing(Refused):
    issue = "BUSINESS_NAME_MISSING"
    description = "A business needs a business_name."


class InstrumentTaken(Conflict):
    """The instrument's id belongs to another account, or to other content."""

    issue = "INSTRUMENT_TAKEN"
    description = "An instrument with this id and other content exists."


_ALL: Final[tuple[type[ApiError], ...]] = (AccountNotFound, EmailTaken, KeyReused, BusinessNameMissing, InstrumentTaken)
ERRORS: Final[dict[str, type[ApiError]]] = {error.issue: error for error in _ALL if error.issue is not None}
