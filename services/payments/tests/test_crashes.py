"""The process dies between any two steps: whoever comes next finishes what it began, or nothing has happened."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from farthing.clients.payments.errors import PaymentKeyReused
from farthing.kit.errors import OutcomeUnknown, Unavailable
from farthing.kit.faults import Fault
from services.payments.tests.conftest import BUYER, CARD, RICH, Fuse, Killed, Shop, paying, unit

Request = Callable[[Shop], Awaitable[Any]]


@dataclass(frozen=True)
class Case:
    """A situation, what is asked in it, and what that changes for the buyer and at the card's bank: once, not twice."""

    prepare: Callable[[Shop], Awaitable[Request]]
    buyer: int = 0
    held: int = 0
    clearing: int = 0


def paid(*units: Any, **changed: Any) -> Callable[[Shop], Awaitable[Request]]:
    async def prepare(_shop: Shop) -> Request:
        body = paying(*units, **changed)

        async def ask(shop: Shop) -> Any:
            headers = {"idempotency-key": f"K.{body.order_id}"}
            answer = await shop.single.internal.post("/internal/v1/payments", content=body.model_dump_json(), headers=headers)
            assert answer.status_code == 200, answer.text
            return answer.json()

        return ask

    return prepare


def asked(path: str, body: Any, *, days: int = 0, **changed: Any) -> Callable[[Shop], Awaitable[Request]]:
    """A request about an authorization, or a capture, of 100.00."""

    async def prepare(shop: Shop) -> Request:
        made = await (shop.captured(100_00, **changed) if path.startswith("/captures") else shop.authorized(100_00, **changed))
        if days:
            shop.advance(days=days)

        async def ask(shop: Shop) -> Any:
            answer = await shop.post(path.format(made["id"]), body, request_id="R")
            assert answer.status_code in {200, 201}, answer.text
            return answer.json()

        return ask

    return prepare


PART = {"amount": {"currency_code": "USD", "value": "40.00"}}
CASES = {
    "pay from a wallet": Case(paid(), buyer=-100_00),
    "pay two units": Case(paid(unit(60_00, "a"), unit(40_00, "b")), buyer=-100_00),
    "pay by card": Case(paid(source=CARD), clearing=-100_00),
    "pay two units by card": Case(paid(unit(60_00, "a"), unit(40_00, "b"), source=CARD), clearing=-100_00),
    "authorize": Case(paid(intent="AUTHORIZE"), held=100_00),
    "authorize a card": Case(paid(intent="AUTHORIZE", source=CARD)),
    "capture": Case(asked("/authorizations/{}/capture", PART), buyer=-40_00, held=-40_00),
    "capture a card": Case(asked("/authorizations/{}/capture", PART, source=CARD), clearing=-40_00),
    "refund": Case(asked("/captures/{}/refund", PART), buyer=40_00),
    "refund to a card": Case(asked("/captures/{}/refund", PART, source=CARD), clearing=40_00),
    "reauthorize": Case(asked("/authorizations/{}/reauthorize", PART, days=4), held=-60_00),
    "void": Case(asked("/authorizations/{}/void", None), held=-100_00),
    "void a card": Case(asked("/authorizations/{}/void", None, source=CARD)),
}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
MOST_MOMENTS = 20


async def state(shop: Shop) -> tuple[int, int, int]:
    return await shop.balance(BUYER), await shop.held(), await shop.balance("processor", kind="clearing")


async def kill_everywhere(shop: Shop, case: Case, then: Callable[[Request], Awaitable[None]]) -> None:
    """Kill the process at every moment at which it calls somebody, each time in a new situation, and see one effect in the end."""
    for moment in range(MOST_MOMENTS):
        ask, before, fuse = await case.prepare(shop), await state(shop), Fuse(moment)
        with contextlib.suppress(Killed):
            await ask(shop.replica(fuse))
        if not fuse.blown:
            assert moment >= 2
            return
        await then(ask)
        answer = await ask(shop.replica())
        assert await ask(shop.replica()) == answer
        after = tuple(new - old for new, old in zip(await state(shop), before, strict=True))
        assert after == (case.buyer, case.held, case.clearing), fuse.moments
        assert await shop.problems() == [], fuse.moments
    pytest.fail("it never came to its end")


class TestKilled:
    @every_case
    async def test_the_same_request_again_gives_the_one_true_answer(self, shop: Shop, case: Case) -> None:
        async def then(_ask: Request) -> None:
            """Nobody but the client comes back."""

        await kill_everywhere(shop, case, then)

    @every_case
    async def test_recovery_finishes_it_by_itself(self, shop: Shop, case: Case) -> None:
        async def then(_ask: Request) -> None:
            told = len(await shop.told())
            await shop.age_intents()
            await shop.replica().drain()
            assert (await shop.client.in_flight()).ids == ()
            assert await shop.problems() == []
            assert len(shop.events) - told <= 2

        await kill_everywhere(shop, case, then)


class TestLostAnswers:
    @pytest.mark.parametrize("operation", ["processor.charge", "ledger.post"])
    @pytest.mark.parametrize("times", [1, 2])
    async def test_a_lost_answer_is_resolved(self, shop: Shop, operation: str, times: int) -> None:
        shop.single.faults.plant(Fault("f", operation, "lost_response", times=times))
        if times == 1 or operation == "processor.charge":
            assert (await shop.pay(source=CARD, order_id="ORDER", key="K")).status == "COMPLETED"
        else:
            with pytest.raises(OutcomeUnknown):
                await shop.pay(source=CARD, order_id="ORDER", key="K")
        assert (await shop.pay(source=CARD, order_id="ORDER", key="K")).status == "COMPLETED"
        assert await shop.balance("processor", kind="clearing") == -100_00
        assert await shop.problems() == []

    async def test_when_nobody_can_be_asked_recovery_does_it_later(self, shop: Shop) -> None:
        for number, operation in enumerate(("processor.charge", "processor.outcome")):
            shop.single.faults.plant(Fault(str(number), operation, "error", status=500))
        with pytest.raises(OutcomeUnknown):
            await shop.pay(source=CARD, order_id="ORDER", key="K")
        assert (await shop.client.of_order("ORDER")).units == {}
        assert len((await shop.client.in_flight()).ids) == 1
        await shop.age_intents()
        assert await shop.drain() == 0
        shop.single.faults.clear()
        assert await shop.drain() > 0
        assert await shop.balance("processor", kind="clearing") == -100_00
        assert (await shop.pay(source=CARD, order_id="ORDER", key="K")).status == "COMPLETED"
        assert await shop.problems() == []

    async def test_one_that_cannot_be_finished_holds_back_no_other(self, shop: Shop) -> None:
        shop.single.faults.plant(Fault("f", "processor.charge", "error", status=500))
        shop.single.faults.plant(Fault("l", "ledger.post", "error", status=500, times=1))
        for key, source in (("A", CARD), ("B", None)):
            with pytest.raises((OutcomeUnknown, Unavailable)):
                await shop.pay(key=key, **({"source": source} if source else {}))
        await shop.age_intents()
        await shop.drain()
        assert await shop.balance(BUYER) == RICH - 100_00
        assert await shop.service.worker.next_due() is not None


async def test_a_refused_capture_that_a_crash_interrupted_leaves_nothing(shop: Shop) -> None:
    ask = await paid(order_id="ORDER")(shop)
    with pytest.raises(Killed):
        await ask(shop.replica(Fuse(2)))  # the merchant is known, the money has not moved
    assert len((await shop.client.in_flight()).ids) == 1
    await shop.withdraw(BUYER, RICH)
    await shop.age_intents()
    await shop.drain()
    assert await shop.single.database.fetch("SELECT id FROM intents") == []
    assert (await shop.client.of_order("ORDER")).units == {}
    assert await shop.problems() == []


class TestChangedOrder:
    """The payment of an order is interrupted, and the order is changed before anybody asks again."""

    async def test_what_was_begun_is_finished_and_keeps_the_key(self, shop: Shop) -> None:
        ask = await paid(order_id="ORDER")(shop)
        with pytest.raises(Killed):
            await ask(shop.replica(Fuse(2)))
        with pytest.raises(PaymentKeyReused):
            await shop.pay(unit(70_00), order_id="ORDER", key="K.ORDER")
        assert await shop.balance(BUYER) == RICH - 100_00
        assert await shop.problems() == []

    async def test_what_is_refused_gives_the_key_back(self, shop: Shop) -> None:
        ask = await paid(order_id="ORDER")(shop)
        with pytest.raises(Killed):
            await ask(shop.replica(Fuse(2)))
        await shop.withdraw(BUYER, RICH - 70_00)
        paid_less = await shop.pay(unit(70_00), order_id="ORDER", key="K.ORDER")
        assert paid_less.status == "COMPLETED"
        assert await shop.balance(BUYER) == 0
        assert await shop.problems() == []
