"""Two processes carry out one payment, and the payer's money comes in between: the refusal of one never meets the success of the other."""

from __future__ import annotations

import asyncio

import pytest

from farthing.clients.payments.errors import InstrumentDeclined
from farthing.clients.payments.models import Payer
from services.payments.tests.conftest import POOR, Gate, Shop, unit

POSTED, POSTING = "after /transfers", "before /transfers"


def paying(shop: Shop) -> asyncio.Task[object]:
    asking = shop.pay(unit(100_00), payer=Payer(account_id=POOR), order_id="ORDER", key="K")
    return asyncio.create_task(asking)


async def transfers(shop: Shop) -> list[str]:
    return [transfer.kind for transfer in (await shop.ledger.transfers(limit=100)).transfers if transfer.kind in {"capture", "cancelled"}]


async def test_both_are_refused(shop: Shop) -> None:
    gate = Gate(POSTED)
    first = paying(shop.replica(gate))
    await gate.reached.wait()
    with pytest.raises(InstrumentDeclined):
        await paying(shop)
    gate.opened.set()
    with pytest.raises(InstrumentDeclined):
        await first
    assert await transfers(shop) == ["cancelled"]
    assert await shop.problems() == []


async def test_the_later_one_is_refused_although_money_came(shop: Shop) -> None:
    gate = Gate(POSTED)
    first = paying(shop.replica(gate))
    await gate.reached.wait()
    late = Gate(POSTING)
    second = paying(shop.replica(late))
    await late.reached.wait()
    gate.opened.set()
    with pytest.raises(InstrumentDeclined):
        await first
    await shop.fund(POOR, 100_00)
    late.opened.set()
    with pytest.raises(InstrumentDeclined):
        await second
    assert (await shop.balance(POOR), await transfers(shop)) == (100_00, ["cancelled"])
    assert (await shop.client.of_order("ORDER")).units == {}
    assert await shop.problems() == []
    assert (await shop.pay(unit(100_00), payer=Payer(account_id=POOR), order_id="ORDER", key="K")).status == "COMPLETED"
    assert await shop.problems() == []


async def test_the_earlier_one_succeeds_because_the_later_one_did(shop: Shop) -> None:
    gate = Gate(POSTED)
    first = paying(shop.replica(gate))
    await gate.reached.wait()
    await shop.fund(POOR, 100_00)
    second = await paying(shop)
    gate.opened.set()
    assert await first == second
    assert (await shop.balance(POOR), await transfers(shop)) == (0, ["capture"])
    assert await shop.problems() == []


async def test_a_lone_refusal_leaves_no_trace_in_the_books(shop: Shop) -> None:
    with pytest.raises(InstrumentDeclined):
        await paying(shop)
    assert await transfers(shop) == []
