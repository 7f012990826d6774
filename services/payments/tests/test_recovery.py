"""What cannot be finished now holds back nothing else."""

from __future__ import annotations

import asyncio

import pytest

from farthing.kit.call import TRAIL
from farthing.kit.errors import OutcomeUnknown, Unavailable
from farthing.kit.faults import Fault
from farthing.kit.telemetry.tracing import new_trail
from farthing.payments.domain.intent import Intent, IntentKind
from services.payments.tests.conftest import BUYER, CARD, RICH, Shop
from services.payments.tests.test_twins import execution_of

AT_ONCE = 100  # as many as one look finds


async def begin(shop: Shop, number: int) -> None:
    """Card payments whose bank cannot be reached."""
    shop.single.faults.plant(Fault("f", "processor.charge", "error", status=500))
    for _ in range(number):
        with pytest.raises(OutcomeUnknown):
            await shop.pay(source=CARD)


async def test_many_payments_that_wait_for_the_cards_banks_do_not_hold_back_one_from_a_wallet(shop: Shop) -> None:
    await begin(shop, AT_ONCE)
    shop.single.faults.plant(Fault("l", "ledger.post", "error", status=500, times=1))
    with pytest.raises((OutcomeUnknown, Unavailable)):
        await shop.pay()
    await shop.age_intents()
    assert await shop.drain() > 0
    assert await shop.balance(BUYER) == RICH - 100_00
    assert len((await shop.client.in_flight()).ids) == AT_ONCE


async def test_many_authorizations_that_wait_for_the_cards_banks_do_not_hold_back_the_expiry_of_a_wallets(shop: Shop) -> None:
    for _ in range(AT_ONCE):
        await shop.authorized(source=CARD)
    await shop.authorized()
    shop.single.faults.plant(Fault("f", "processor.void", "error", status=500))
    shop.advance(days=30)
    for _ in range(2):
        await shop.drain()
    assert await shop.held() == 0


class Slow:
    """Takes longer than a run has, and comes to nothing."""

    def __init__(self) -> None:
        self.tried: list[str] = []

    async def execute(self, intent: Intent, *, alone: bool) -> None:
        assert not alone
        self.tried.append(intent.id)
        await asyncio.sleep(0.02)
        raise Unavailable


async def test_a_run_begins_where_the_time_of_the_last_one_was_over(shop: Shop) -> None:
    await begin(shop, 3)
    await shop.age_intents()
    execution, slow = execution_of(shop.single.database), Slow()
    execution.use({IntentKind.PAY: slow})
    for _ in range(5):
        token = TRAIL.set(new_trail(0.01, sampled=False))
        await execution.recover()
        TRAIL.reset(token)
    first, second, third, *again = slow.tried
    assert len({first, second, third}) == 3
    assert again == [first]
