"""Routes of merchants: all internal."""

from __future__ import annotations

import re

from farthing.clients.merchants.errors import MerchantNotFound
from farthing.clients.merchants.models import ID, ByEmail, Consent, MerchantChange, NewMerchant
from farthing.kit.api import Api
from farthing.kit.call import Call, Response, json_response
from farthing.merchants.operations import Merchants

_ID = re.compile(ID)


def routes(merchants: Merchants) -> Api:
    """What merchants answers to other services."""
    api = Api("merchants")

    @api.internal("POST", "/merchants", "merchants.create")
    async def create(_call: Call, body: NewMerchant) -> Response:
        return json_response(await merchants.create(body), 201)

    @api.internal("POST", "/merchants/find", "merchants.find")
    async def find(_call: Call, body: ByEmail) -> Response:
        return json_response(await merchants.by_email(body.email))

    @api.internal("GET", "/merchants/{account_id}", "merchants.get")
    async def get(_call: Call, account_id: str) -> Response:
        return json_response(await merchants.get(_account(account_id)))

    @api.internal("PATCH", "/merchants/{account_id}", "merchants.change")
    async def change(_call: Call, account_id: str, body: MerchantChange) -> Response:
        return json_response(await merchants.change(_account(account_id), body))

    _consents(api, merchants)
    return api


def _consents(api: Api, merchants: Merchants) -> None:
    path = "/merchants/{account_id}/consents/{partner_id}"

    @api.internal("GET", path, "merchants.consents.get")
    async def consent(_call: Call, account_id: str, partner_id: str) -> Response:
        return json_response(Consent(given=await merchants.consent(_account(account_id), _account(partner_id))))

    @api.internal("PUT", path, "merchants.consents.give")
    async def give_consent(_call: Call, account_id: str, partner_id: str) -> Response:
        await merchants.give_consent(_account(account_id), _account(partner_id))
        return json_response(Consent(given=True))

    @api.internal("DELETE", path, "merchants.consents.withdraw")
    async def withdraw_consent(_call: Call, account_id: str, partner_id: str) -> Response:
        await merchants.withdraw_consent(_account(account_id), _account(partner_id))
        return json_response(Consent(given=False))


def _account(account_id: str) -> str:
    """Raises MerchantNotFound for what cannot be an id."""
    if _ID.fullmatch(account_id) is None:
        raise MerchantNotFound
    return account_id
