"""The token endpoint: grants, and the tokens that they end in. All lifetimes are real time, because SDKs cache tokens by it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import datetime, timedelta

import orjson

from farthing.clients.identity.errors import AppNotFound, KeyReused, UserNotFound
from farthing.clients.identity.models import NewCode
from farthing.identity.domain import (
    ACCESS_TOKEN,
    APP_SCOPES,
    BROWSER_SCOPES,
    BROWSER_TOKEN,
    CODE,
    REFRESH_TOKEN,
    USER_SCOPES,
    AppRecord,
    Login,
    TokenRequest,
    granted,
    hash_of,
)
from farthing.identity.errors import GrantRefused, GrantUnknown, RequestNotUnderstood, ResponseTypeUnknown, ScopeRefused
from farthing.identity.operations.apps import Apps
from farthing.identity.operations.keys import Keys
from farthing.identity.repository import Repository
from farthing.kit.clock import wire_time

AUDIENCE = "farthing"  # of access tokens: every public side of the platform
Answer = dict[str, object]


class Tokens:
    """Turn a grant into a signed token that every service verifies offline. `secret` is a source of 256-bit secrets."""

    def __init__(
        self,
        repository: Repository,
        keys: Keys,
        apps: Apps,
        issuer: str,
        real_now: Callable[[], datetime],
        secret: Callable[[], str],
    ) -> None:
        self._repository, self._keys, self._apps = repository, keys, apps
        self._issuer, self._real_now, self._secret = issuer, real_now, secret

    async def issue(self, request: TokenRequest) -> Answer:
        """Answer a token. Raises ClientUnknown, GrantUnknown, GrantRefused, ScopeRefused, ResponseTypeUnknown, RequestNotUnderstood."""
        app = await self._apps.authenticate(request.client_id, request.client_secret)
        match request.get("grant_type"):
            case "client_credentials":
                return self._client_credentials(app, request)
            case "authorization_code":
                return await self._authorization_code(app, request)
            case "refresh_token":
                return await self._refresh_token(app, request)
            case None:
                raise GrantUnknown("Grant Type is NULL")
            case _:
                raise GrantUnknown("unsupported grant_type")

    async def issue_code(self, new: NewCode, key: str) -> str:
        """Make a one-time code for what a user agreed to, the same again for the same key. Raises UserNotFound, AppNotFound, KeyReused."""
        is_user, is_app, _ = await self._repository.standing(new.account_id, new.client_id)
        if not is_user:
            raise UserNotFound
        if not is_app:
            raise AppNotFound
        code, now = self._keys.derived("authorization code", key), self._real_now()
        scopes = granted(new.scope, USER_SCOPES) or ("openid",)  # whoever asks for nothing known learns who it is, no more
        login = Login(new.account_id, " ".join(scopes), new.nonce)
        content = (new.client_id, login, new.redirect_uri)
        await self._repository.insert_code(hash_of(code), *content, now + CODE, now)
        if await self._repository.code(hash_of(code)) not in {content, None}:  # None: it is over, and whoever uses it learns that
            raise KeyReused
        return code

    def client_token(self, client_id: str, account_id: str, customer_id: str | None) -> Answer:
        """What a page gives to its card fields: an access token for a browser, packed as their script expects it."""
        token = self._access_token(client_id, account_id, BROWSER_SCOPES, BROWSER_TOKEN)
        packed = {"paypal": {"accessToken": token} | ({"customerId": customer_id} if customer_id else {})}
        return {"client_token": base64.b64encode(orjson.dumps(packed)).decode(), "expires_in": _seconds(BROWSER_TOKEN)}

    def _client_credentials(self, app: AppRecord, request: TokenRequest) -> Answer:
        kind = request.get("response_type") or "token"
        if kind == "client_token":
            return self._answer(app, app.account_id, granted(request.get("scope"), BROWSER_SCOPES), BROWSER_TOKEN)
        answer = self._answer(app, app.account_id, granted(request.get("scope"), APP_SCOPES))
        if kind == "id_token":  # tells the browser SDK which returning payer it is for
            return answer | {"id_token": self._id_token(app, request.get("target_customer_id") or app.account_id, None)}
        if kind != "token":
            raise ResponseTypeUnknown("unsupported response_type")
        return answer

    async def _authorization_code(self, app: AppRecord, request: TokenRequest) -> Answer:
        code = request.get("code")
        if code is None:
            raise RequestNotUnderstood("Missing required parameter: code")
        refresh, now = self._secret(), self._real_now()
        taken = (hash_of(code), app.client_id, request.get("redirect_uri"), now, hash_of(refresh), now + REFRESH_TOKEN)
        login = await self._repository.exchange(*taken)
        if login is None:
            raise GrantRefused("The authorization code is invalid, expired or used.")
        id_token = self._id_token(app, login.account_id, login.nonce)
        return self._answer(app, login.account_id, tuple(login.scope.split())) | {"refresh_token": refresh, "id_token": id_token}

    async def _refresh_token(self, app: AppRecord, request: TokenRequest) -> Answer:
        token = request.get("refresh_token")
        if token is None:
            raise RequestNotUnderstood("Missing required parameter: refresh_token")
        login = await self._repository.refresh(hash_of(token), app.client_id, self._real_now())
        if login is None:
            raise GrantRefused("The refresh token is invalid or expired.")
        return self._answer(app, login.account_id, granted(request.get("scope"), login.scope.split()))

    def _answer(self, app: AppRecord, account_id: str, scopes: tuple[str, ...], lifetime: timedelta = ACCESS_TOKEN) -> Answer:
        if not scopes:
            raise ScopeRefused("The requested scope is unknown or not granted to this app.")
        return {
            "scope": " ".join(scopes),
            "access_token": self._access_token(app.client_id, account_id, scopes, lifetime),
            "token_type": "Bearer",
            "app_id": app.app_id,
            "expires_in": _seconds(lifetime),
            "nonce": wire_time(self._real_now()) + self._secret(),
        }

    def _access_token(self, client_id: str, account_id: str, scopes: tuple[str, ...], lifetime: timedelta) -> str:
        claims = self._claims(client_id, AUDIENCE, lifetime)
        return self._keys.sign({**claims, "account": account_id, "scope": " ".join(scopes), "jti": self._secret()})

    def _id_token(self, app: AppRecord, subject: str, nonce: str | None) -> str:
        claims = self._claims(subject, app.client_id, ACCESS_TOKEN)
        return self._keys.sign(claims if nonce is None else {**claims, "nonce": nonce})

    def _claims(self, subject: str, audience: str, lifetime: timedelta) -> Answer:
        now = int(self._real_now().timestamp())
        return {"iss": self._issuer, "sub": subject, "aud": audience, "iat": now, "exp": now + _seconds(lifetime)}


def _seconds(lifetime: timedelta) -> int:
    return lifetime // timedelta(seconds=1)
