"""What merchants refuses, by `issue`."""

from __future__ import annotations

from typing import Final

from farthing.kit.errors import ApiError, Conflict, NotFound, Refused


class MerchantNotFound(NotFound):
    issue = "MERCHANT_NOT_FOUND"
    description = "There is no such merchant."


class MerchantExists(Conflict):
    """The account is a merchant already, with other content, or another merchant has this e-mail address."""

    issue = "MERCHANT_EXISTS"
    description = "The account is a merchant already, or the e-mail address is another merchant's."


class UnknownRate(Refused):
    """A rate card names a currency that cannot be paid in, or lacks the percentage of a payment source."""

    issue = "UNKNOWN_RATE"
    description = "A rate card has percentages for paypal and card, and amounts in currencies of the platform."


_ALL: Final[tuple[type[ApiError], ...]] = (MerchantNotFound, MerchantExists, UnknownRate)
ERRORS: Final[dict[str, type[ApiError]]] = {error.issue: error for error in _ALL if error.issue is not None}
