"""The states of an order and what may happen in each, as data (wire contract, section 7.3)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from farthing.orders.errors import (
    ActionDoesNotMatchIntent,
    CaptureIdNotFound,
    OrderAlreadyAuthorized,
    OrderAlreadyCaptured,
    OrderAlreadyCompleted,
    OrderCannotBeConfirmed,
    OrderExpired,
    OrderNotApproved,
    PaymentAlreadyApproved,
    Refused,
)


class Intent(StrEnum):
    CAPTURE = "CAPTURE"
    AUTHORIZE = "AUTHORIZE"


class Status(StrEnum):
    """VOIDED is never stored: an order shows it when all that was authorized for it is voided. EXPIRED is never shown."""

    CREATED = "CREATED"
    PAYER_ACTION_REQUIRED = "PAYER_ACTION_REQUIRED"
    APPROVED = "APPROVED"
    COMPLETED = "COMPLETED"
    VOIDED = "VOIDED"
    EXPIRED = "EXPIRED"


class Step(StrEnum):
    """What can happen to an order. ASK and CONFIRM: confirm-payment-source with a wallet or a card; FUND: a card comes with the capture."""

    ASK = "ask"
    CONFIRM = "confirm"
    FUND = "fund"
    APPROVE = "approve"
    PAY = "pay"
    CHANGE = "change"
    TRACK = "track"
    EXPIRE = "expire"


class _Paid(Refused):
    """Stands in the table for the refusal that names the intent."""


_ALREADY: Final[dict[Intent, type[Refused]]] = {Intent.CAPTURE: OrderAlreadyCaptured, Intent.AUTHORIZE: OrderAlreadyAuthorized}

STORED: Final = (Status.CREATED, Status.PAYER_ACTION_REQUIRED, Status.APPROVED, Status.COMPLETED, Status.EXPIRED)
# Every pair has an entry: the status afterwards, or why not.
TRANSITIONS: Final[dict[Status, dict[Step, Status | type[Refused]]]] = {
    Status.CREATED: {
        Step.ASK: Status.PAYER_ACTION_REQUIRED,
        Step.CONFIRM: Status.APPROVED,
        Step.FUND: Status.APPROVED,
        Step.APPROVE: Status.APPROVED,
        Step.PAY: OrderNotApproved,
        Step.CHANGE: Status.CREATED,
        Step.TRACK: CaptureIdNotFound,
        Step.EXPIRE: Status.EXPIRED,
    },
    Status.PAYER_ACTION_REQUIRED: {
        Step.ASK: Status.PAYER_ACTION_REQUIRED,
        Step.CONFIRM: Status.APPROVED,
        Step.FUND: Status.APPROVED,
        Step.APPROVE: Status.APPROVED,
        Step.PAY: OrderNotApproved,
        Step.CHANGE: Status.PAYER_ACTION_REQUIRED,
        Step.TRACK: CaptureIdNotFound,
        Step.EXPIRE: Status.EXPIRED,
    },
    Status.APPROVED: {
        Step.ASK: PaymentAlreadyApproved,
        Step.CONFIRM: PaymentAlreadyApproved,
        Step.FUND: Status.APPROVED,
        Step.APPROVE: Status.APPROVED,
        Step.PAY: Status.COMPLETED,
        Step.CHANGE: Status.APPROVED,
        Step.TRACK: CaptureIdNotFound,
        Step.EXPIRE: Status.EXPIRED,
    },
    Status.COMPLETED: {
        Step.ASK: OrderCannotBeConfirmed,
        Step.CONFIRM: OrderCannotBeConfirmed,
        Step.FUND: _Paid,
        Step.APPROVE: OrderAlreadyCompleted,
        Step.PAY: _Paid,
        Step.CHANGE: OrderAlreadyCompleted,
        Step.TRACK: Status.COMPLETED,
        Step.EXPIRE: OrderAlreadyCompleted,
    },
    Status.EXPIRED: dict.fromkeys(Step, OrderExpired),
}


def after(status: Status, step: Step, intent: Intent) -> Status:
    """The status after a step. Raises the refusal that the table has for it."""
    found = TRANSITIONS[status][step]
    if isinstance(found, Status):
        return found
    raise _ALREADY[intent] if found is _Paid else found


def match_intent(intent: Intent, action: Intent) -> None:
    """Raises ActionDoesNotMatchIntent."""
    if intent is not action:
        raise ActionDoesNotMatchIntent
