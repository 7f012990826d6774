"""What vault refuses."""

from __future__ import annotations

from farthing.kit.errors import NotFound, Refused


class CardNotFound(NotFound):
    issue = "TOKEN_ID_NOT_FOUND"
    description = "No card is stored under this token."


class WalletNotFound(NotFound):
    issue = "WALLET_TOKEN_NOT_FOUND"
    description = "No wallet is kept under this token."


class CardNumberInvalid(Refused):
    issue = "CARD_NUMBER_INVALID"
    description = "The number is not a card number: it has 12 to 19 digits and a check digit."


class NotATestCard(Refused):
    issue = "NOT_A_TEST_CARD"
    description = "The sandbox takes test cards only, for example 4012888888881881."


class CardExpired(Refused):
    issue = "CARD_EXPIRED"
    description = "The card is expired."


ERRORS = (CardNotFound, WalletNotFound, CardNumberInvalid, NotATestCard, CardExpired)
