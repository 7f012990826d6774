"""What payers are told when something does not go on: what happened, and what they can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from farthing.checkout.domain import Standing
from farthing.checkout.errors import RequestUnusable

if TYPE_CHECKING:
    from farthing.kit.errors import ApiError

# Status, title, text.
OVER: Final = {
    Standing.APPROVED: (409, "This payment is approved", "Somebody else has approved this payment. There is nothing left to do here."),
    Standing.FINISHED: (200, "This payment is closed", "It is no longer open here: nothing is left to approve. The store has the details."),
    Standing.CLOSED: (409, "This payment was called off", "The store has called this payment off. Nothing is charged."),
    Standing.EXPIRED: (
        410,
        "This payment has expired",
        "It was not approved in time, and nothing was charged. Please start again at the store.",
    ),
}

_PROBLEMS = {
    "INVALID_RESOURCE_ID": (
        "We do not know this payment",
        "The link is incomplete, or the payment is no longer kept. Please start again at the store.",
    ),
    "ORDER_EXPIRED": OVER[Standing.EXPIRED][1:],
    "ORDER_ALREADY_COMPLETED": OVER[Standing.FINISHED][1:],
    "ORDER_ALREADY_CAPTURED": OVER[Standing.FINISHED][1:],
    "ORDER_ALREADY_AUTHORIZED": OVER[Standing.FINISHED][1:],
    "ORDER_COMPLETION_IN_PROGRESS": (
        "This payment is being made",
        "The store is taking the payment at this moment. You need not do anything.",
    ),
    "FORM_REFUSED": ("Please try again", "The page was open for too long, or it was not opened here. Nothing was done."),
}
_BY_STATUS = {
    404: ("There is no such page", "The link is incomplete or out of date."),
    503: ("Please try again in a moment", "We could not finish this just now. You can safely try again: nothing is charged twice."),
}
_OTHERWISE = ("This did not work", "The request could not be understood. Please start again at the store.")

DECLINED: Final = "What you chose last was declined, and nothing was charged. Please choose another way to pay."

_REFUSALS = {
    "SIGN_IN_FAILED": "The e-mail address or the password is wrong.",
    "SIGN_IN_THROTTLED": "Too many attempts with this e-mail address. Please try again in a quarter of an hour.",
    "NOT_A_PERSONAL_ACCOUNT": "A business account cannot pay here. Please sign in with a personal account.",
    "FUNDING_UNKNOWN": "Please choose one of your ways to pay.",
    "INSTRUMENT_NOT_FOUND": "This card is no longer there. Please choose another way to pay.",
    "ORDER_CHANGED": "The store has changed this payment. Please look at it again.",
    "PAYER_CANNOT_PAY": "This account cannot pay this store. Please sign in with another one.",
    "INVALID_PAYER_ID": "This account cannot pay. Please sign in with a personal account.",
}


def problem_in_words(error: ApiError) -> tuple[str, str]:
    """Title and text of a page about an error."""
    if isinstance(error, RequestUnusable):
        return "This site cannot log you in", error.message
    return _PROBLEMS.get(_issue(error)) or _BY_STATUS.get(error.status_code) or _OTHERWISE


def refusal_in_words(error: ApiError) -> str:
    """One sentence beside the form, about something that the payer can correct."""
    return _REFUSALS.get(_issue(error), "This did not work. Please try again.")


def _issue(error: ApiError) -> str:
    return error.details[0].issue if error.details else ""
