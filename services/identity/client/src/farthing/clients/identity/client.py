"""How other services talk to identity."""

from __future__ import annotations

import re
from typing import ClassVar
from urllib.parse import urlencode

from farthing.clients.identity.errors import ERRORS, AppNotFound, SessionNotFound, SignInFailed, UserNotFound
from farthing.clients.identity.models import (
    CLIENT_ID,
    ID,
    App,
    AppList,
    Code,
    Consent,
    Credentials,
    IssuedApp,
    NewApp,
    NewCode,
    NewUser,
    Session,
    SessionId,
    User,
)
from farthing.kit.errors import ApiError
from farthing.kit.rpc import ServiceClient

_ID = re.compile(ID)
_CLIENT_ID = re.compile(CLIENT_ID)
_PRINTABLE = re.compile(r"[ -~]{1,128}")


class IdentityClient(ServiceClient):
    """Users, apps, browser sessions and one-click consents."""

    errors: ClassVar[dict[str, type[ApiError]]] = ERRORS

    async def create_user(self, user: NewUser) -> User:
        """Let somebody sign in to an account; repeating it changes nothing. Raises EmailTaken, UserExists, PasswordUnfit."""
        return await self.call("POST", "/users", User, body=user, key=f"user.{user.account_id}")

    async def create_app(self, app: NewApp, *, key: str) -> IssuedApp:
        """Make an app; the same key again answers the same app and secret. Raises SecretUnavailable, KeyReused."""
        return await self.call("POST", "/apps", IssuedApp, body=app, key=key)

    async def app(self, client_id: str) -> App:
        """Raises AppNotFound."""
        return await self.call("GET", f"/apps/{_client_id(client_id)}", App)

    async def apps(self, account_id: str | None = None) -> tuple[App, ...]:
        """All apps, or those of one account, in the order in which they were made."""
        query = urlencode({"account_id": account_id}).encode() if account_id is not None else b""
        return (await self.call("GET", "/apps", AppList, query=query)).apps

    async def sign_in(self, email: str, password: str) -> Session:
        """Begin a browser session. Raises SignInFailed, SignInThrottled, Unavailable.

        Has no key, so it is not sent again when an answer is missing: it would be worked on twice, and a wrong password counted twice.
        """
        if "\0" in email + password:  # no JSON body may hold it
            raise SignInFailed
        return await self.call("POST", "/sessions", Session, body=Credentials(email=email, password=password))

    async def session(self, session_id: str) -> Session:
        """Raises SessionNotFound, also when it has expired."""
        if _PRINTABLE.fullmatch(session_id) is None:
            raise SessionNotFound
        return await self.call("POST", "/sessions/find", Session, body=SessionId(id=session_id), key="find")

    async def sign_out(self, session_id: str) -> None:
        """End a session; one that is over already stays so."""
        if _PRINTABLE.fullmatch(session_id) is not None:
            await self.send("POST", "/sessions/end", body=SessionId(id=session_id), key="end")

    async def consent(self, account_id: str, client_id: str) -> bool:
        """Whether the account agreed to pay this app with one click. Raises UserNotFound, AppNotFound."""
        return (await self.call("GET", _consent(account_id, client_id), Consent)).given

    async def give_consent(self, account_id: str, client_id: str) -> None:
        """Raises UserNotFound, AppNotFound."""
        await self.call("PUT", _consent(account_id, client_id), Consent, key="give")

    async def withdraw_consent(self, account_id: str, client_id: str) -> None:
        """Raises UserNotFound, AppNotFound."""
        await self.call("DELETE", _consent(account_id, client_id), Consent, key="withdraw")

    async def issue_code(self, code: NewCode, *, key: str) -> Code:
        """Make an authorization code for what a user agreed to; the app exchanges it once. Raises UserNotFound, AppNotFound, KeyReused."""
        return await self.call("POST", "/authorization-codes", Code, body=code, key=key)


def _consent(account_id: str, client_id: str) -> str:
    if _ID.fullmatch(account_id) is None:
        raise UserNotFound
    return f"/accounts/{account_id}/consents/{_client_id(client_id)}"


def _client_id(client_id: str) -> str:
    """What cannot be an id becomes no part of a path. Raises AppNotFound."""
    if _CLIENT_ID.fullmatch(client_id) is None:
        raise AppNotFound
    return client_id
