"""Routes of vault, internal only: /v3/vault comes with its own issue and is answered by the console until then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farthing.clients.vault.models import NewCard, NewWallet
from farthing.kit.api import Api
from farthing.kit.call import NO_CONTENT, Call, Response, json_response
from farthing.kit.errors import Detail, InvalidRequest

if TYPE_CHECKING:
    from farthing.vault.operations import Vault


def routes(vault: Vault) -> Api:
    api = Api("vault")

    @api.internal("POST", "/cards", "vault.store")
    async def store(call: Call, body: NewCard) -> Response:
        return json_response(await vault.store(body, _key(call)), 201)

    @api.internal("GET", "/cards/{token}", "vault.get")
    async def get(_call: Call, token: str) -> Response:
        return json_response(await vault.get(token))

    @api.internal("GET", "/cards", "vault.of_customer")
    async def of_customer(call: Call) -> Response:
        return json_response(await vault.of_customer(call.query("customer_id") or ""))

    @api.internal("DELETE", "/cards/{token}", "vault.delete")
    async def delete(_call: Call, token: str) -> Response:
        await vault.delete(token)
        return NO_CONTENT

    @api.internal("POST", "/wallets", "vault.keep")
    async def keep(call: Call, body: NewWallet) -> Response:
        return json_response(await vault.keep(body, _key(call)), 201)

    @api.internal("GET", "/wallets/{token}", "vault.wallet")
    async def wallet(_call: Call, token: str) -> Response:
        return json_response(await vault.wallet(token))

    return api


def _key(call: Call) -> str:
    if not call.key:
        raise InvalidRequest(Detail("MISSING_REQUIRED_PARAMETER", "Every write has an idempotency key.", field="Idempotency-Key"))
    return call.key
