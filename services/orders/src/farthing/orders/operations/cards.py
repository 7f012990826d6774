"""From a card in a request to a token: vault gets it before anything about it is stored."""

from __future__ import annotations

from typing import Final

from farthing.clients.accounts.models import Account
from farthing.clients.vault.client import VaultClient
from farthing.clients.vault.errors import CardExpired as StoredCardExpired
from farthing.clients.vault.errors import CardNotFound, CardNumberInvalid, NotATestCard
from farthing.clients.vault.models import NewCard as CardToStore
from farthing.clients.vault.models import StoredCard
from farthing.kit.errors import Detail, InvalidRequest
from farthing.money import Ids
from farthing.orders.domain.totals import Json
from farthing.orders.errors import CardExpired, InstrumentNotFound, NotEnabledForCards, PaymentSourceCannotBeUsed, TokenNotFound
from farthing.orders.operations.sources import KeptCard, NewCard
from farthing.orders.repository import Repository

_CARD: Final = "/payment_source/card"


class Cards:
    """Makes what orders stores of a card (`Order.funding`): token, brand, last digits, expiry and test scenario.

    `enabled`: whether cards can be charged at all; without a real processor they cannot in live mode.
    """

    def __init__(self, vault: VaultClient, repository: Repository, ids: Ids, *, enabled: bool) -> None:
        self._vault, self._repository, self._ids, self._enabled = vault, repository, ids, enabled

    async def funding(self, card: NewCard | KeptCard, merchants: tuple[str, ...]) -> Json:
        """Raises NotEnabledForCards, InvalidRequest, CardExpired, PaymentSourceCannotBeUsed, TokenNotFound."""
        if isinstance(card, KeptCard):
            if not await self._repository.keeps(card.token, merchants):
                raise TokenNotFound(field="/payment_source")
            return await self.stored(card.token)
        if not self._enabled:
            raise NotEnabledForCards
        customer = card.customer_id or (self._ids.code(10) if card.keep else None)
        stored = await self._store(CardToStore(number=card.number, expiry=card.expiry, name=card.name, customer_id=customer))
        return _funding(stored) | ({"keep": True} if card.keep else {})

    async def stored(self, token: str) -> Json:
        """A card that vault has. Raises NotEnabledForCards, TokenNotFound when it is gone."""
        if not self._enabled:
            raise NotEnabledForCards
        try:
            return _funding(await self._vault.get(token))
        except CardNotFound:
            raise TokenNotFound(field="/payment_source") from None

    async def instrument(self, payer: Account, instrument_id: str | None) -> Json:
        """The stored card with which a payer approves. Raises InstrumentNotFound, NotEnabledForCards."""
        if not self._enabled:
            raise NotEnabledForCards
        found = [one for one in payer.instruments if instrument_id in {None, one.id}]
        if not found:
            raise InstrumentNotFound
        try:
            return _funding(await self._vault.get(found[0].token))
        except CardNotFound:
            raise InstrumentNotFound from None

    async def _store(self, card: CardToStore) -> StoredCard:
        try:
            return await self._vault.store(card, key=self._ids.code(20))
        except CardNumberInvalid:
            detail = Detail("INVALID_PARAMETER_VALUE", "This is not a card number.", field=f"{_CARD}/number", location="body")
            raise InvalidRequest(detail) from None
        except StoredCardExpired:
            raise CardExpired(field=f"{_CARD}/expiry") from None
        except NotATestCard as refusal:
            raise PaymentSourceCannotBeUsed(description=refusal.details[0].description, field=f"{_CARD}/number") from None


def shown(funding: Json) -> Json:
    """The payment source as answers show it."""
    names = ("last_digits", "brand", "expiry")
    return {"card": {name: funding[name] for name in names if funding[name] != "UNKNOWN"}}


def _funding(card: StoredCard) -> Json:
    names = ("token", "brand", "last_digits", "expiry", "scenario", "customer_id")
    return {"kind": "card", **{name: getattr(card, name) for name in names}}
