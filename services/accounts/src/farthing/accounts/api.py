"""Routes of accounts: all internal."""

from __future__ import annotations

import re

from farthing.accounts.operations import Accounts
from farthing.clients.accounts.errors import AccountNotFound
from farthing.clients.accounts.models import ID, ByEmail, Instrument, NewAccount
from farthing.kit.api import Api
from farthing.kit.call import Call, Response, json_response
from farthing.kit.errors import Detail, InvalidRequest

_ID = re.compile(ID)
_KEY = re.compile(r"[!-~]{1,200}")
_LARGEST_PAGE = 1000


def routes(accounts: Accounts) -> Api:
    """What accounts answers to other services."""
    api = Api("accounts")

    @api.internal("POST", "/accounts", "accounts.create")
    async def create(call: Call, body: NewAccount) -> Response:
        return json_response(await accounts.create(body, _key(call)), 201)

    @api.internal("GET", "/accounts", "accounts.list")
    async def page(call: Call) -> Response:
        after = call.query("after")
        return json_response(await accounts.page(None if after is None else _account(after), _limit(call)))

    @api.internal("POST", "/accounts/find", "accounts.find")
    async def find(_call: Call, body: ByEmail) -> Response:
        return json_response(await accounts.by_email(body.email))

    @api.internal("GET", "/accounts/{account_id}", "accounts.get")
    async def get(_call: Call, account_id: str) -> Response:
        return json_response(await accounts.get(_account(account_id)))

    @api.internal("PUT", "/accounts/{account_id}/instruments/{instrument_id}", "accounts.instruments.add")
    async def add_instrument(_call: Call, account_id: str, instrument_id: str, body: Instrument) -> Response:
        if instrument_id != body.id:
            raise _invalid("INVALID_PARAMETER_VALUE", "The id of the instrument is not that of the path.", "/id", "body")
        return json_response(await accounts.add_instrument(_account(account_id), body))

    return api


def _account(account_id: str) -> str:
    """Raises AccountNotFound for what cannot be an id."""
    if _ID.fullmatch(account_id) is None:
        raise AccountNotFound
    return account_id


def _key(call: Call) -> str:
    """Raises InvalidRequest without a proper idempotency key."""
    if _KEY.fullmatch(call.key) is None:
        raise _invalid("MISSING_REQUIRED_PARAMETER", "A write needs a key of 1 to 200 characters.", "Idempotency-Key", "header")
    return call.key


def _limit(call: Call) -> int:
    """Raises InvalidRequest."""
    value = call.query("limit") or "100"
    if not (value.isascii() and value.isdigit() and 1 <= int(value) <= _LARGEST_PAGE):
        raise _invalid("INVALID_PARAMETER_VALUE", f"A page has 1 to {_LARGEST_PAGE} items.", "limit", "query")
    return int(value)


def _invalid(issue: str, description: str, field: str, location: str) -> InvalidRequest:
    return InvalidRequest(Detail(issue, description, field=field, location=location))
