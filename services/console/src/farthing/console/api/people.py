"""/_farthing/accounts, /_farthing/accounts/{email}/fund, /_farthing/accounts/{email}/consents/{partner}, /_farthing/apps"""

from __future__ import annotations

from typing import Any

from farthing.clients.accounts.models import Account, NewAccount
from farthing.clients.ledger.models import Balances
from farthing.console.api.door import Door
from farthing.console.api.models import CreateAccount, CreateApp, Fund
from farthing.console.api.query import limit_of, text_of
from farthing.console.errors import ParameterInvalid
from farthing.console.operations.people import People
from farthing.kit.call import NO_CONTENT, Call, Response, json_response
from farthing.kit.errors import Detail, InvalidRequest
from farthing.money import AmountError, Money, UnknownCurrency


def declare(door: Door, people: People) -> None:
    @door.route("GET", "/accounts", "accounts.list")
    async def accounts(call: Call) -> Response:
        page = await people.page(text_of(call, "after"), limit_of(call, 100, 1000))
        shown = {"accounts": [_shown(account) for account in page.accounts]}
        return json_response(shown | ({"next": page.next} if page.next else {}))

    @door.route("POST", "/accounts", "accounts.create")
    async def create(_call: Call, body: CreateAccount) -> Response:
        return json_response(_shown(await people.create(_new(body), body.password)), 201)

    @door.route("POST", "/accounts/{email}/fund", "accounts.fund")
    async def fund(call: Call, email: str, body: Fund) -> Response:
        balances = await people.fund(email, _amount(body), call.key)
        return json_response({"account": email, "balances": wallets(balances)})

    @door.route("PUT", "/accounts/{email}/consents/{partner}", "consents.give")
    async def give_consent(_call: Call, email: str, partner: str) -> Response:
        await people.consent(email, partner, given=True)
        return NO_CONTENT

    @door.route("DELETE", "/accounts/{email}/consents/{partner}", "consents.withdraw")
    async def withdraw_consent(_call: Call, email: str, partner: str) -> Response:
        await people.consent(email, partner, given=False)
        return NO_CONTENT

    @door.route("POST", "/apps", "apps.create")
    async def create_app(call: Call, body: CreateApp) -> Response:
        app = await people.create_app(body.account, body.name, call.key)
        shown = app.model_dump(include={"client_id", "client_secret", "name"})
        return json_response({**shown, "account": body.account}, 201)


def wallets(balances: Balances) -> list[dict[str, Any]]:
    """What an owner has, in money objects of the wire."""
    return [
        {
            "kind": balance.kind,
            "balance": Money(balance.currency, balance.balance).wire(),
            "held": Money(balance.currency, balance.held).wire(),
            "available": Money(balance.currency, balance.available).wire(),
        }
        for balance in balances.balances
    ]


def _shown(account: Account) -> dict[str, Any]:
    names = {"id", "email", "kind", "country", "given_name", "surname", "business_name"}
    cards = [{"kind": i.kind, "brand": i.brand, "last_digits": i.last_digits, "expiry": i.expiry} for i in account.instruments]
    return {**account.model_dump(include=names, exclude_none=True), "instruments": cards}


def _new(body: CreateAccount) -> NewAccount:
    wanted = body.model_dump(exclude={"password"})
    if body.kind == "business" and body.business_name is None:
        wanted["business_name"] = body.email.partition("@")[0]
    return NewAccount(**wanted)


def _amount(body: Fund) -> Money:
    """Raises InvalidRequest for what is no amount above zero."""
    try:
        amount = Money.parse(body.currency_code, body.value)
    except UnknownCurrency:
        raise InvalidRequest(
            Detail("INVALID_CURRENCY_CODE", "This currency is not supported.", field="/currency_code", location="body")
        ) from None
    except AmountError as error:
        raise InvalidRequest(Detail(error.issue, error.description, field="/value", location="body")) from None
    if amount.minor <= 0:
        raise ParameterInvalid(description="An amount above zero is needed.", field="/value")
    return amount
