"""Hundreds of random requests, by two processes at once, some of which die: the books and payments always agree in the end."""

from __future__ import annotations

import asyncio
import contextlib
import random
from typing import Any

import pytest

from farthing.clients.merchants.client import MerchantsClient
from farthing.clients.payments.models import Payer
from farthing.kit.errors import ApiError
from services.payments.tests.conftest import BUYER, CARD, OTHER, POOR, STORE, WALLET, Fuse, Killed, Shop, money, unit

ROUNDS, AT_ONCE = 25, 8


class Crowd:
    """Apps and orders that do whatever they like."""

    def __init__(self, shop: Shop, seed: int) -> None:
        self._random = random.Random(seed)
        self._shop, self._replica = shop, shop.replica()
        self._authorizations: list[str] = []
        self._captures: list[str] = []

    async def act(self) -> None:
        shop = self._somewhere()
        choice = self._random.choice(("pay", "authorize", "capture", "capture", "refund", "refund", "void", "reauthorize"))
        with contextlib.suppress(Killed, ApiError):
            await getattr(self, f"_{choice}")(shop)

    def _somewhere(self) -> Shop:
        if self._random.random() < 0.15:
            return self._shop.replica(Fuse(self._random.randrange(6)))
        return self._random.choice((self._shop, self._replica))

    async def _pay(self, shop: Shop) -> None:
        self._captures += await self._order(shop, "CAPTURE")

    async def _authorize(self, shop: Shop) -> None:
        self._authorizations += await self._order(shop, "AUTHORIZE")

    async def _order(self, shop: Shop, intent: str) -> list[str]:
        units = [unit(self._random.randrange(1, 50_00), str(n), payee=self._random.choice((STORE, OTHER))) for n in range(self._some())]
        payer, source = Payer(account_id=self._random.choice((BUYER, POOR))), self._random.choice((WALLET, WALLET, CARD))
        paid = await shop.pay(*units, intent=intent, payer=payer, source=source, key=f"K{self._random.random()}")
        return [document["id"] for made in paid.units.values() for document in (*(made.captures or ()), *(made.authorizations or ()))]

    async def _capture(self, shop: Shop) -> None:
        if self._authorizations:
            made = await self._ask(shop, f"/authorizations/{self._random.choice(self._authorizations)}/capture")
            self._captures += [made["id"]] if "status" in made else []

    async def _refund(self, shop: Shop) -> None:
        if self._captures:
            await self._ask(shop, f"/captures/{self._random.choice(self._captures)}/refund")

    async def _void(self, shop: Shop) -> None:
        if self._authorizations and self._random.random() < 0.5:
            await self._ask(shop, f"/authorizations/{self._random.choice(self._authorizations)}/void")

    async def _reauthorize(self, shop: Shop) -> None:
        if self._authorizations:
            made = await self._ask(shop, f"/authorizations/{self._random.choice(self._authorizations)}/reauthorize")
            self._authorizations += [made["id"]] if "status" in made else []

    async def _ask(self, shop: Shop, path: str) -> dict[str, Any]:
        cents = self._random.randrange(1, 30_00)
        body = self._random.choice(({}, {"amount": money(f"{cents // 100}.{cents % 100:02}")}))
        response = await shop.post(path, body, request_id=self._random.choice((None, "R1", "R2")))
        assert response.status_code < 500 or response.status_code == 503, response.text
        found: dict[str, Any] = response.json()
        return found

    def _some(self) -> int:
        return self._random.choice((1, 1, 1, 2, 3))


@pytest.mark.parametrize("seed", range(2))
async def test_the_books_agree_whatever_happens(shop: Shop, merchants: MerchantsClient, seed: int) -> None:
    await merchants.give_consent(STORE, OTHER)
    await shop.fund(POOR, 60_00)
    crowd = Crowd(shop, seed)
    for number in range(ROUNDS):
        await asyncio.gather(*(crowd.act() for _ in range(AT_ONCE)))
        if number % 8 == 7:
            shop.advance(days=5)
        await shop.age_intents()
        await shop.drain()
    assert (await shop.client.in_flight()).ids == ()
    assert await shop.problems() == []
    captures = await shop.captures()
    assert len(captures) > 20
    assert len(await shop.refunds()) > 10
    assert all(capture.refunded <= capture.amount for capture in captures)
    assert len(shop.events) == len({event.id for event in shop.events})
