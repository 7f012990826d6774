"""Money is counted when its record is committed, once for each effect."""

from __future__ import annotations

import asyncio

from services.payments.tests.conftest import CARD, Gate, Shop, unit


def counted(shop: Shop, name: str, currency: str = "USD") -> float | None:
    return shop.single.host.metrics.registry.get_sample_value(name, {"service": "payments", "currency": currency})


def captures(shop: Shop, currency: str = "USD") -> tuple[float | None, float | None]:
    return counted(shop, "farthing_captures_total", currency), counted(shop, "farthing_captured_minor_units_total", currency)


def refunds(shop: Shop) -> tuple[float | None, float | None]:
    return counted(shop, "farthing_refunds_total"), counted(shop, "farthing_refunded_minor_units_total")


async def test_a_payment_is_counted_once_however_often_it_is_asked_for(shop: Shop) -> None:
    assert captures(shop) == (None, None)
    for _ in range(2):
        await asyncio.gather(*(shop.pay(unit(100_00), key="one", order_id="ORDER") for _ in range(3)))
    await shop.pay(unit(25_00), key="two", source=CARD)
    assert captures(shop) == (2, 125_00)


async def test_of_two_processes_that_both_post_the_one_that_records_counts(shop: Shop) -> None:
    gate = Gate("after /transfers")
    other = shop.replica(gate)
    first = asyncio.create_task(other.pay(unit(100_00), key="one", order_id="ORDER"))
    await gate.reached.wait()
    second = await shop.pay(unit(100_00), key="one", order_id="ORDER")
    gate.opened.set()
    assert await first == second
    assert (captures(shop), captures(other)) == ((1, 100_00), (None, None))


async def test_each_currency_counts_for_itself(shop: Shop) -> None:
    await shop.fund("BUYERWITHMNEY", 5_000, "JPY")
    await shop.captured(100_00)
    await shop.pay(unit(1_000, currency="JPY"))
    assert (captures(shop), captures(shop, "JPY")) == ((1, 100_00), (1, 1_000))


async def test_captures_of_an_authorization(shop: Shop) -> None:
    authorization = (await shop.authorized(100_00))["id"]
    assert captures(shop) == (None, None)  # nothing has moved yet
    for _ in range(2):
        await shop.capture(authorization, "30.00", request_id="part-1")
    assert captures(shop) == (1, 30_00)


async def test_refunds_count_and_their_replays_do_not(shop: Shop) -> None:
    capture = await shop.captured(100_00)
    for _ in range(2):
        assert (await shop.refund(capture["id"], "30.00", request_id="back-1")).status_code in {200, 201}
    await shop.refund(capture["id"], "70.00", request_id="back-2")
    assert (await shop.refund(capture["id"], "1.00", request_id="back-3")).status_code == 422
    assert refunds(shop) == (2, 100_00)


async def test_what_is_declined_is_not_counted(shop: Shop) -> None:
    declined = await shop.pay(unit(100_00), source=CARD.model_copy(update={"scenario": "CCREJECT-IF"}))
    assert (declined.units["default"].captures or ())[0]["status"] == "DECLINED"
    assert captures(shop) == (None, None)
