"""Two processes carry out one payment, and the payer's money comes in between: the refusal of one never meets the success of the other."""

from __future__ import annotations

import asyncio

import pytest

from farthing.clients.payments.errors import InstrumentDeclined
from farthing.clients.payments.models import Payer
from services.payments.tests.conftest import POOR, STORE, Gate, Shop, issue_of, unit

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


async def test_both_post_and_one_records(shop: Shop) -> None:
    await shop.fund(POOR, 100_00)
    gates = [Gate(POSTED), Gate(POSTED)]
    twins = []
    for gate in gates:
        twins.append(paying(shop.replica(gate)))
        await gate.reached.wait()
    for gate in gates:
        gate.opened.set()
    first, second = await asyncio.gather(*twins)
    assert first == second
    assert (await shop.balance(POOR), await transfers(shop), len(await shop.told())) == (0, ["capture"], 1)
    assert await shop.problems() == []


class TestJudgedOnWhatIsNoMore:
    """A request is judged, and before it is written down the resource changes: it is judged again."""

    async def test_a_refund(self, shop: Shop) -> None:
        capture = await shop.captured(100_00)
        gate = Gate(f"before /merchants/{STORE}")
        slow = asyncio.create_task(shop.replica(gate).refund(capture["id"], "60.00"))
        await gate.reached.wait()
        assert (await shop.refund(capture["id"], "60.00")).status_code == 201
        gate.opened.set()
        assert issue_of(await slow) == (422, "REFUND_AMOUNT_EXCEEDED")
        assert await shop.problems() == []

    async def test_a_capture(self, shop: Shop) -> None:
        authorization = await shop.authorized(100_00)
        gate = Gate(f"before /merchants/{STORE}")
        slow = asyncio.create_task(shop.replica(gate).capture(authorization["id"], "60.00"))
        await gate.reached.wait()
        assert (await shop.capture(authorization["id"], "60.00")).status_code == 201
        gate.opened.set()
        assert issue_of(await slow) == (422, "MAX_CAPTURE_AMOUNT_EXCEEDED")
        assert await shop.problems() == []
