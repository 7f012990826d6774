"""What other services see: users, apps, sessions, consents, authorization codes."""

from __future__ import annotations

import re

from farthing.clients.identity.errors import AppNotFound, UserNotFound
from farthing.clients.identity.models import (
    CLIENT_ID,
    ID,
    AppList,
    Code,
    Consent,
    Credentials,
    NewApp,
    NewCode,
    NewUser,
    SessionId,
)
from farthing.identity.operations.apps import Apps
from farthing.identity.operations.tokens import Tokens
from farthing.identity.operations.users import Users
from farthing.kit.api import Api
from farthing.kit.call import NO_CONTENT, Call, Response, json_response
from farthing.kit.errors import Detail, InvalidRequest

_ID = re.compile(ID)
_CLIENT_ID = re.compile(CLIENT_ID)
_KEY = re.compile(r"[!-~]{1,200}")


def add_internal_routes(api: Api, users: Users, apps: Apps, tokens: Tokens) -> None:
    """Declare the internal routes of identity."""
    _users(api, users)
    _sessions(api, users)
    _consents(api, users)
    _apps(api, apps)

    @api.internal("POST", "/authorization-codes", "identity.codes.create")
    async def create_code(call: Call, body: NewCode) -> Response:
        return json_response(Code(code=await tokens.issue_code(body, _key(call))), 201)


def _users(api: Api, users: Users) -> None:
    @api.internal("POST", "/users", "identity.users.create")
    async def create_user(_call: Call, body: NewUser) -> Response:
        return json_response(await users.create(body), 201)


def _sessions(api: Api, users: Users) -> None:
    @api.internal("POST", "/sessions", "identity.sessions.create")
    async def sign_in(_call: Call, body: Credentials) -> Response:
        return json_response(await users.sign_in(body.email, body.password), 201)

    @api.internal("POST", "/sessions/find", "identity.sessions.get")
    async def session(_call: Call, body: SessionId) -> Response:
        return json_response(await users.session(body.id))

    @api.internal("POST", "/sessions/end", "identity.sessions.end")
    async def sign_out(_call: Call, body: SessionId) -> Response:
        await users.sign_out(body.id)
        return NO_CONTENT


def _consents(api: Api, users: Users) -> None:
    path = "/accounts/{account_id}/consents/{client_id}"

    @api.internal("GET", path, "identity.consents.get")
    async def consent(_call: Call, account_id: str, client_id: str) -> Response:
        return json_response(Consent(given=await users.consent(_account(account_id), _client(client_id))))

    @api.internal("PUT", path, "identity.consents.give")
    async def give_consent(_call: Call, account_id: str, client_id: str) -> Response:
        await users.give_consent(_account(account_id), _client(client_id))
        return json_response(Consent(given=True))

    @api.internal("DELETE", path, "identity.consents.withdraw")
    async def withdraw_consent(_call: Call, account_id: str, client_id: str) -> Response:
        await users.withdraw_consent(_account(account_id), _client(client_id))
        return json_response(Consent(given=False))


def _apps(api: Api, apps: Apps) -> None:
    @api.internal("POST", "/apps", "identity.apps.create")
    async def create_app(call: Call, body: NewApp) -> Response:
        return json_response(await apps.create(body, _key(call)), 201)

    @api.internal("GET", "/apps", "identity.apps.list")
    async def list_apps(call: Call) -> Response:
        account_id = call.query("account_id")
        return json_response(AppList(apps=await apps.list(None if account_id is None else _account(account_id))))

    @api.internal("GET", "/apps/{client_id}", "identity.apps.get")
    async def get_app(_call: Call, client_id: str) -> Response:
        return json_response(await apps.get(_client(client_id)))


def _account(account_id: str) -> str:
    """Raises UserNotFound for what cannot be an id."""
    if _ID.fullmatch(account_id) is None:
        raise UserNotFound
    return account_id


def _client(client_id: str) -> str:
    """Raises AppNotFound for what cannot be an id."""
    if _CLIENT_ID.fullmatch(client_id) is None:
        raise AppNotFound
    return client_id


def _key(call: Call) -> str:
    """Raises InvalidRequest without a proper idempotency key."""
    if _KEY.fullmatch(call.key) is None:
        description = "A write needs a key of 1 to 200 characters."
        raise InvalidRequest(Detail("MISSING_REQUIRED_PARAMETER", description, field="Idempotency-Key", location="header"))
    return call.key
