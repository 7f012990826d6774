"""How orders stores a card and others find what may be shown of it."""

from __future__ import annotations

from typing import ClassVar
from urllib.parse import quote, urlencode

import orjson

from farthing.clients.vault.errors import ERRORS
from farthing.clients.vault.models import NewCard, NewWallet, StoredCard, StoredCards, StoredWallet
from farthing.kit.errors import ApiError
from farthing.kit.rpc import ServiceClient


class VaultClient(ServiceClient):
    """Cards in, tokens out."""

    errors: ClassVar[dict[str, type[ApiError]]] = {kind.issue: kind for kind in ERRORS}

    async def store(self, card: NewCard, *, key: str) -> StoredCard:
        """Store a card once per key. Raises CardNumberInvalid, NotATestCard (sandbox mode), CardExpired."""
        secret = {**card.model_dump(mode="json", exclude_none=True), "number": card.number.get_secret_value()}
        answer = await self.send("POST", "/cards", body=orjson.dumps(secret), key=key)
        return StoredCard.model_validate_json(answer.body)

    async def get(self, token: str) -> StoredCard:
        """Raises CardNotFound."""
        return await self.call("GET", f"/cards/{quote(token, safe='')}", StoredCard)

    async def of_customer(self, customer_id: str) -> tuple[StoredCard, ...]:
        """The newest first."""
        return (await self.call("GET", "/cards", StoredCards, query=urlencode({"customer_id": customer_id}).encode())).cards

    async def keep(self, wallet: NewWallet, *, key: str) -> StoredWallet:
        """Keep a permission once per key; again, it says which card pays from now on."""
        return await self.call("POST", "/wallets", StoredWallet, body=wallet, key=key)

    async def wallet(self, token: str) -> StoredWallet:
        """Raises WalletNotFound."""
        return await self.call("GET", f"/wallets/{quote(token, safe='')}", StoredWallet)

    async def delete(self, token: str) -> None:
        """Forget a card; its token is never used again. Raises CardNotFound."""
        await self.send("DELETE", f"/cards/{quote(token, safe='')}", key=token)
