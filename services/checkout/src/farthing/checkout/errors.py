"""What checkout refuses. Its answers are pages: these classes say which."""

from __future__ import annotations

from farthing.kit.errors import ApiError, NotPermitted, Refused, UnsupportedMedia


class FormRefused(NotPermitted):
    """The form carries no token of this browser, or comes from another site."""

    issue = "FORM_REFUSED"
    description = "This form was not sent from its own page, or the page is too old."


class FormUnreadable(UnsupportedMedia):
    """What was posted is not a form."""


class WayUnknown(Refused):
    """Neither the balance nor a card that this payer has."""

    issue = "FUNDING_UNKNOWN"
    description = "Choose one of the ways to pay."


class NotAPayer(Refused):
    """Businesses take payments, people make them."""

    issue = "NOT_A_PERSONAL_ACCOUNT"
    description = "A business account cannot pay here: sign in with a personal account."


class RequestUnusable(ApiError):
    """An application sent the user to the log-in page with a request that cannot be answered; the user must not be sent on."""

    status = 400

    def __init__(self, reason: str) -> None:
        super().__init__(description=reason)
