"""What crosses the boundary of vault. A card number goes in and never comes out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from farthing.kit.model import Model

Brand = Literal["VISA", "MASTERCARD", "AMEX", "DISCOVER", "DINERS", "JCB", "MAESTRO", "UNKNOWN"]


class NewCard(Model):
    """A card as the payer's request brings it. `expiry` is YYYY-MM. A security code is judged by nobody here and never stored.

    `name` is the name on the card; in sandbox mode it can ask for a decline (wire contract, section 7.5).
    """

    number: SecretStr
    expiry: Annotated[str, Field(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")]
    name: Annotated[str, Field(max_length=300)] | None = None
    customer_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,36}$")] | None = None


class StoredCard(Model):
    """What everybody but vault sees of a card: its token and what may be shown.

    `scenario` is the sandbox's test scenario (a decline by card name), for processor; empty in normal cases.
    """

    token: str
    brand: Brand
    last_digits: str
    expiry: str
    scenario: str = ""
    customer_id: str | None = None
    created: datetime


class NewWallet(Model):
    """A payer's permission to be charged again: his account, and the token of the stored card that pays (None: his balance)."""

    account_id: Annotated[str, Field(pattern=r"^[A-Z0-9]{1,32}$")]
    card: Annotated[str, Field(min_length=1, max_length=36)] | None = None
    customer_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,36}$")]


class StoredWallet(NewWallet):
    token: str
    created: datetime


class StoredCards(Model):
    cards: tuple[StoredCard, ...]
