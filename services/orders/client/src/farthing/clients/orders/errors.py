"""What orders refuses, by `issue` (wire contract, section 7.3). A refused call leaves nothing behind."""

from __future__ import annotations

from typing import Final

from farthing.kit.errors import ApiError, NotFound, Refused


class OrderNotFound(NotFound):
    """No such order, or it is another merchant's, or it expired."""

    issue = "INVALID_RESOURCE_ID"


class OrderNotApproved(Refused):
    issue = "ORDER_NOT_APPROVED"
    description = "The payer has not approved this order: send the payer to its approve or payer-action link."


class OrderExpired(Refused):
    issue = "ORDER_EXPIRED"
    description = "The order was not approved and paid in time."


class OrderAlreadyCaptured(Refused):
    issue = "ORDER_ALREADY_CAPTURED"
    description = "The order is captured; an order with the intent CAPTURE is captured once."


class OrderAlreadyAuthorized(Refused):
    issue = "ORDER_ALREADY_AUTHORIZED"
    description = "The order is authorized; an order with the intent AUTHORIZE is authorized once."


class OrderAlreadyCompleted(Refused):
    issue = "ORDER_ALREADY_COMPLETED"
    description = "The order is completed and cannot be changed."


class OrderCompletionInProgress(Refused):
    """A payment for the order is on its way: nothing about the order can change until its outcome is known."""

    issue = "ORDER_COMPLETION_IN_PROGRESS"
    description = "A payment for this order is being made."


class OrderChanged(Refused):
    """The merchant changed what the payer was shown before he approved it."""

    issue = "ORDER_CHANGED"
    description = "The order is no longer what its payer was shown."


class PayerCannotPay(Refused):
    """Payer and payee are one account."""

    issue = "PAYER_CANNOT_PAY"
    description = "This payer cannot pay this payee."


class PayerNotFound(Refused):
    """There is no personal account with this id."""

    issue = "INVALID_PAYER_ID"
    description = "The payer is unknown."


class InstrumentNotFound(Refused):
    """The account has no such card, or none at all."""

    issue = "INSTRUMENT_NOT_FOUND"
    description = "The account has no such funding instrument."


_ALL: Final[tuple[type[ApiError], ...]] = (
    OrderNotFound,
    OrderNotApproved,
    OrderExpired,
    OrderAlreadyCaptured,
    OrderAlreadyAuthorized,
    OrderAlreadyCompleted,
    OrderCompletionInProgress,
    OrderChanged,
    PayerCannotPay,
    PayerNotFound,
    InstrumentNotFound,
)
ERRORS: Final[dict[str, type[ApiError]]] = {error.issue: error for error in _ALL if error.issue is not None}
