"""Random journeys of an order against a model of a few facts: agreed, paid, gone? The service refuses and does exactly what they say."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from farthing.clients.orders.errors import OrderAlreadyCompleted, OrderExpired
from services.orders.tests.conftest import BUYER, POOR, Shop, issues, unit, usd

PRICE = 700
AMOUNT = "/purchase_units/@reference_id=='default'/amount"
ACTIONS = ("approve", "approve_poor", "capture", "capture", "authorize", "patch", "confirm", "get", "wait")


@dataclass
class Model:
    intent: str
    agreed: bool = False
    asked: bool = False
    rich: bool = False
    paid: bool = False
    hours: int = 0

    @property
    def gone(self) -> bool:
        return not self.paid and self.hours >= 3

    @property
    def status(self) -> str:
        if self.paid:
            return "COMPLETED"
        return "APPROVED" if self.agreed else "PAYER_ACTION_REQUIRED" if self.asked else "CREATED"


@dataclass
class Journey:
    shop: Shop
    order_id: str
    model: Model

    async def approve(self, payer: str = BUYER) -> None:
        if self.model.paid or self.model.gone:
            with pytest.raises(OrderAlreadyCompleted if self.model.paid else OrderExpired):
                await self.shop.approve(self.order_id, payer)
            return
        assert (await self.shop.approve(self.order_id, payer))["status"] == "APPROVED"
        if not self.model.agreed or self.model.rich != (payer == BUYER):
            self.model.hours = 0
        self.model.agreed, self.model.rich = True, payer == BUYER

    async def approve_poor(self) -> None:
        await self.approve(POOR)

    async def pay(self, intent: str) -> None:
        answer = await self.shop.post(f"/{self.order_id}/{intent.lower()}")
        model = self.model
        done = "ORDER_ALREADY_CAPTURED" if model.intent == "CAPTURE" else "ORDER_ALREADY_AUTHORIZED"
        expected = (
            "ACTION_DOES_NOT_MATCH_INTENT"
            if intent != model.intent
            else done
            if model.paid
            else "ORDER_EXPIRED"
            if model.gone
            else "ORDER_NOT_APPROVED"
            if not model.agreed
            else None
            if model.rich
            else "INSTRUMENT_DECLINED"
        )
        assert (issues(answer) if expected else answer.status_code) == ([expected] if expected else 201)
        model.paid = model.paid or expected is None

    async def capture(self) -> None:
        await self.pay("CAPTURE")

    async def authorize(self) -> None:
        await self.pay("AUTHORIZE")

    async def patch(self) -> None:
        answer = await self.shop.patch(self.order_id, {"op": "replace", "path": AMOUNT, "value": usd("7.00")})
        expected = "ORDER_ALREADY_COMPLETED" if self.model.paid else "ORDER_EXPIRED" if self.model.gone else None
        assert (issues(answer) if expected else answer.status_code) == ([expected] if expected else 204)

    async def confirm(self) -> None:
        answer = await self.shop.post(f"/{self.order_id}/confirm-payment-source", {"payment_source": {"paypal": {}}})
        model = self.model
        expected = (
            "ORDER_CANNOT_BE_CONFIRMED"
            if model.paid
            else "ORDER_EXPIRED"
            if model.gone
            else "PAYMENT_ALREADY_APPROVED"
            if model.agreed
            else None
        )
        assert (issues(answer) if expected else answer.status_code) == ([expected] if expected else 200)
        model.asked = model.asked or expected is None

    async def get(self) -> None:
        answer = await self.shop.get(self.order_id)
        assert answer.status_code == (404 if self.model.gone else 200)
        if not self.model.gone:
            shown: dict[str, Any] = answer.json()
            assert (shown["status"], shown["intent"]) == (self.model.status, self.model.intent)

    async def wait(self) -> None:
        clock = self.shop.orders.clock
        clock.move_to(clock.now() + timedelta(hours=1))
        self.model.hours += 1
        await self.shop.orders.running.worker.drain()


@pytest.mark.parametrize("seed", range(4))
async def test_random_journeys(shop: Shop, seed: int) -> None:
    chance, before, spent = random.Random(seed), await shop.balance(BUYER), 0
    shop.orders.clock.freeze()
    for _ in range(12):
        intent = chance.choice(["CAPTURE", "AUTHORIZE"])
        journey = Journey(shop, (await shop.create(unit("7.00"), intent=intent))["id"], Model(intent))
        for action in chance.choices(ACTIONS, k=9):
            await getattr(journey, action)()
            await journey.get()
        spent += PRICE * journey.model.paid
    assert before - await shop.balance(BUYER) == spent
    assert spent > 0
