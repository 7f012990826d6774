"""What crosses the boundary of accounts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import Field

from farthing.kit.model import Model

# The local part as a dot-atom and a domain with at least one dot: what the public API takes as an e-mail address.
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
EMAIL: Final = rf"^{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+{_LABEL}$"
ID: Final = r"^[A-Z0-9]{1,32}$"

Email = Annotated[str, Field(pattern=EMAIL, min_length=3, max_length=254)]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Name = Annotated[str, Field(max_length=140)]
Kind = Literal["personal", "business"]


class Address(Model):
    """A postal address with the names of the public API: `admin_area_2` is the city, `admin_area_1` the state."""

    address_line_1: Annotated[str, Field(max_length=300)] | None = None
    address_line_2: Annotated[str, Field(max_length=300)] | None = None
    admin_area_2: Annotated[str, Field(max_length=120)] | None = None
    admin_area_1: Annotated[str, Field(max_length=300)] | None = None
    postal_code: Annotated[str, Field(max_length=60)] | None = None
    country_code: Country


class Instrument(Model):
    """A funding instrument: what may be shown of a card, and the vault's token for it. Never a card number.

    `id` is the caller's and makes adding it idempotent. `expiry` is YYYY-MM.
    """

    id: Annotated[str, Field(pattern=ID)]
    kind: Literal["card"] = "card"
    token: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    brand: Annotated[str, Field(pattern=r"^[A-Z0-9_]{1,32}$")]
    last_digits: Annotated[str, Field(pattern=r"^[0-9]{2,4}$")]
    expiry: Annotated[str, Field(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")]
    name: Annotated[str, Field(max_length=300)] = ""


class NewAccount(Model):
    """A person or a business to be. A business has a `business_name`; its `given_name` and `surname` are those of who runs it."""

    email: Email
    kind: Kind
    country: Country = "US"
    given_name: Name = ""
    surname: Name = ""
    business_name: Annotated[str, Field(min_length=1, max_length=300)] | None = None
    address: Address | None = None


class Account(Model):
    """One account. `id` is the payer id or merchant id of the public API; instruments are in the order in which they were added."""

    id: str
    email: str
    kind: Kind
    country: str
    given_name: str = ""
    surname: str = ""
    business_name: str | None = None
    address: Address | None = None
    instruments: tuple[Instrument, ...] = ()
    created: datetime


class ByEmail(Model):
    email: Annotated[str, Field(max_length=254)]


class AccountPage(Model):
    """`next` is where the following page starts (`after`); None: this was the last one."""

    accounts: tuple[Account, ...]
    next: str | None = None
