"""What crosses the boundary of identity. Secrets never show in a representation; they are stored only as hashes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

from pydantic import Field

from farthing.kit.model import Model

ID: Final = r"^[A-Z0-9]{1,32}$"
CLIENT_ID: Final = r"^[A-Za-z0-9_-]{1,128}$"

AccountId = Annotated[str, Field(pattern=ID)]
ClientId = Annotated[str, Field(pattern=CLIENT_ID)]


class NewUser(Model):
    """Who may sign in, and to which account. The password's rules are the operation's: what a model refuses is quoted in its answer."""

    account_id: AccountId
    email: Annotated[str, Field(min_length=3, max_length=254)]
    password: str = Field(repr=False)


class User(Model):
    account_id: str
    email: str


class NewApp(Model):
    account_id: AccountId
    name: Annotated[str, Field(min_length=1, max_length=140)]


class App(Model):
    """An application of a business: it acts for `account_id`. `app_id` is the APP-… of token answers."""

    client_id: str
    app_id: str
    account_id: str
    name: str
    created: datetime


class IssuedApp(App):
    """What creating an app answers, and nothing later does: its secret."""

    client_secret: str = Field(repr=False)


class AppList(Model):
    apps: tuple[App, ...]


class Credentials(Model):
    email: str
    password: str = Field(repr=False)


class SessionId(Model):
    id: str = Field(repr=False)


class Session(Model):
    """A browser that has signed in. `id` is the cookie's secret; `csrf` goes into forms and is derived from it; `expires` is real time."""

    id: str = Field(repr=False)
    account_id: str
    csrf: str = Field(repr=False)
    expires: datetime


class Consent(Model):
    """Whether the account agreed that the app may take payments with one click."""

    given: bool


class NewCode(Model):
    """What a user has agreed to on the page of "Log in": `scope` is space separated (openid profile email address …)."""

    account_id: AccountId
    client_id: ClientId
    scope: Annotated[str, Field(max_length=1000)] = "openid"
    redirect_uri: Annotated[str, Field(max_length=2000)] | None = None
    nonce: Annotated[str, Field(max_length=255)] | None = None


class Code(Model):
    """A one-time authorization code (RFC 6749, section 4.1), valid for ten minutes of real time."""

    code: str = Field(repr=False)
