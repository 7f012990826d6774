"""Use cases of vault."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from farthing.clients.vault.models import NewCard, NewWallet, StoredCard, StoredCards, StoredWallet
from farthing.vault import domain
from farthing.vault.errors import CardExpired, CardNotFound, CardNumberInvalid, KeyReused, NotATestCard, WalletNotFound
from farthing.vault.repository import Repository, Row
from farthing.vault.sealing import Seal
from farthing.vault.settings import KEY_BYTES

if TYPE_CHECKING:
    from farthing.kit.clock import Clock
    from farthing.kit.db import Record
    from farthing.money import Ids

# The seed's buyer owns this card (the same everywhere).
SEED_TOKEN, SEED_KEY = "SEEDCARD1BUYER", "seed"
SEED_NUMBER, SEED_EXPIRY = "4012888888881881", "2035-12"


class Vault:
    """Stores cards and shows what may be shown. In sandbox mode only published test numbers are taken."""

    def __init__(self, repository: Repository, clock: Clock, ids: Ids, key: bytes | None, *, sandbox: bool) -> None:
        self._repository, self._clock, self._ids = repository, clock, ids
        self._key, self._sandbox = key, sandbox
        self._seal: Seal | None = None

    async def store(self, card: NewCard, key: str) -> StoredCard:
        """Store a card once per key. Raises CardNumberInvalid, NotATestCard, CardExpired, KeyReused."""
        return await self._store(card, key, f"VLT{self._ids.code(17)}")

    async def get(self, token: str) -> StoredCard:
        """Raises CardNotFound."""
        found = await self._repository.get(token)
        if found is None:
            raise CardNotFound
        return _shown(found)

    async def of_customer(self, customer_id: str) -> StoredCards:
        return StoredCards(cards=tuple(_shown(row) for row in await self._repository.of_customer(customer_id)))

    async def delete(self, token: str) -> None:
        """Raises CardNotFound."""
        if not await self._repository.delete(token):
            raise CardNotFound

    async def keep(self, wallet: NewWallet, key: str) -> StoredWallet:
        """Keep a payer's permission once per key; the newest choice of what pays counts. The customer's id stays the first one."""
        token, now = f"WLT{self._ids.code(17)}", self._clock.now()
        return _permission(await self._repository.keep(key, token, wallet.account_id, wallet.card, wallet.customer_id, now))

    async def wallet(self, token: str) -> StoredWallet:
        """Raises WalletNotFound."""
        found = await self._repository.wallet(token)
        if found is None:
            raise WalletNotFound
        return _permission(found)

    async def seed(self) -> None:
        """The seeded buyer's test card: its number has to be encrypted, which SQL cannot."""
        if await self._repository.get(SEED_TOKEN) is None:
            card = NewCard.model_validate({"number": SEED_NUMBER, "expiry": SEED_EXPIRY})
            await self._store(card, SEED_KEY, SEED_TOKEN)

    async def _store(self, card: NewCard, key: str, token: str) -> StoredCard:
        number = self._accepted(card)
        seal = await self._opened()
        fingerprint = seal.fingerprint(number, card.expiry, card.name or "", card.customer_id or "")
        row = await self._repository.store(
            Row(
                key=key,
                token=token,
                fingerprint=fingerprint,
                sealed=seal.close(token, number, card.name),
                brand=domain.brand_of(number),
                last_digits=number[-4:],
                expiry=card.expiry,
                scenario=domain.scenario_of(card.name) if self._sandbox else "",
                customer_id=card.customer_id,
                created=self._clock.now(),
            )
        )
        if row["fingerprint"] != fingerprint:
            raise KeyReused
        return _shown(row)

    def _accepted(self, card: NewCard) -> str:
        number = domain.digits_of(card.number.get_secret_value())
        if number is None:
            raise CardNumberInvalid(field="/number")
        if self._sandbox and number not in domain.TEST_CARDS:
            raise NotATestCard(field="/number")
        if domain.is_expired(card.expiry, self._clock.now()):
            raise CardExpired(field="/expiry")
        return number

    async def _opened(self) -> Seal:
        if self._seal is None:
            self._seal = Seal(self._key or await self._repository.sandbox_key(os.urandom(KEY_BYTES)))
        return self._seal


def _permission(row: Record) -> StoredWallet:
    names = ("token", "account_id", "card", "customer_id", "created")
    return StoredWallet(**{name: row[name] for name in names})


def _shown(row: Record) -> StoredCard:
    names = ("token", "brand", "last_digits", "expiry", "scenario", "customer_id", "created")
    return StoredCard(**{name: row[name] for name in names})
