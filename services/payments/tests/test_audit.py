"""What the audit is told, and what orders is told of an order."""

from __future__ import annotations

import pytest

from farthing.clients.payments.errors import CardProcessingNotEnabled
from farthing.clients.payments.models import AuthorizationLine, CaptureLine, RefundLine
from farthing.kit.settings import Settings
from services.payments.tests.conftest import BUYER, CARD, OTHER, STORE, Fuse, Killed, Shop, shop_of, unit
from tests.single import StartSingle


class TestLines:
    async def test_captures_and_refunds(self, shop: Shop) -> None:
        capture = await shop.captured(100_00, order_id="ORDER")
        refund = (await shop.refund(capture["id"], "40.00")).json()
        declined = await shop.captured(source=CARD.model_copy(update={"scenario": "CCREJECT-IF"}), order_id="NO")
        first, second = await shop.captures()
        assert first == CaptureLine(
            seq=first.seq,
            id=capture["id"],
            order_id="ORDER",
            transfer=capture["id"],
            source="wallet",
            payer=BUYER,
            payee=STORE,
            amount=100_00,
            fee=3_98,
            platform_fee=0,
            refunded=40_00,
            currency="USD",
            status="PARTIALLY_REFUNDED",
            in_flight=False,
        )
        assert (second.id, second.transfer, second.source, second.fee) == (declined["id"], None, "card", 0)
        (line,) = await shop.refunds()
        assert line == RefundLine(
            seq=line.seq,
            id=refund["id"],
            capture_id=capture["id"],
            transfer=refund["id"],
            payee=STORE,
            amount=40_00,
            currency="USD",
            status="COMPLETED",
        )

    async def test_open_authorizations(self, shop: Shop) -> None:
        authorization = await shop.authorized(100_00, order_id="ORDER")
        await shop.capture(authorization["id"], "30.00")
        await shop.void((await shop.authorized())["id"])
        card = await shop.authorized(source=CARD)
        first, second = (await shop.client.open_authorizations()).authorizations
        assert first == AuthorizationLine(
            seq=first.seq,
            id=authorization["id"],
            order_id="ORDER",
            hold=authorization["id"],
            payer=BUYER,
            remaining=70_00,
            currency="USD",
            in_flight=False,
        )
        assert (second.id, second.hold) == (card["id"], None)

    async def test_a_reauthorization_has_another_hold(self, shop: Shop) -> None:
        authorization = await shop.authorized(100_00)
        shop.advance(days=4)
        made = (await shop.reauthorize(authorization["id"], "90.00")).json()
        (line,) = (await shop.client.open_authorizations()).authorizations
        assert (line.id, line.hold, line.remaining) == (authorization["id"], made["id"], 90_00)

    async def test_a_page_at_a_time(self, shop: Shop) -> None:
        ids = [(await shop.captured())["id"] for _ in range(5)]
        found, after = [], 0
        while True:
            page = await shop.client.captures(after=after, limit=2)
            found += [line.id for line in page.captures]
            if page.next is None:
                break
            after = page.next
        assert found == ids

    async def test_what_is_in_flight_is_marked(self, shop: Shop) -> None:
        authorization = await shop.authorized(100_00)
        with pytest.raises(Killed):
            await shop.replica(Fuse(3)).capture(authorization["id"])
        (line,) = (await shop.client.open_authorizations()).authorizations
        assert line.in_flight
        in_flight = (await shop.client.in_flight()).ids
        assert authorization["id"] in in_flight
        (transfer,) = (await shop.ledger.transfers(kind="capture")).transfers
        assert transfer.id in in_flight


class TestOfOrder:
    async def test_shows_everything_by_unit(self, shop: Shop) -> None:
        await shop.pay(unit(100_00, "a"), unit(50_00, "b", payee=OTHER), intent="AUTHORIZE", order_id="ORDER")
        (authorization,) = (await shop.client.of_order("ORDER")).units["a"].authorizations or ()
        shop.advance(days=4)
        reauthorization = (await shop.reauthorize(authorization["id"])).json()
        capture = (await shop.capture(authorization["id"], "40.00")).json()
        refund = (await shop.refund(capture["id"], "10.00")).json()
        units = (await shop.client.of_order("ORDER")).units
        shown = units["a"]
        assert [a["id"] for a in shown.authorizations or ()] == [authorization["id"], reauthorization["id"]]
        assert {a["status"] for a in shown.authorizations or ()} == {"PARTIALLY_CAPTURED"}
        assert [(c["id"], c["status"]) for c in shown.captures or ()] == [(capture["id"], "PARTIALLY_REFUNDED")]
        assert shown.refunds == (refund,)
        assert (len(units["b"].authorizations or ()), units["b"].captures, units["b"].refunds) == (1, None, None)

    async def test_of_an_unknown_order_there_is_nothing(self, shop: Shop) -> None:
        assert (await shop.client.of_order("NOBODY")).units == {}


async def test_live_mode_takes_no_cards_yet(single: StartSingle) -> None:
    shop = await shop_of(await single("payments", "ledger", "processor", "merchants", settings=Settings(mode="live"), seeded=True))
    with pytest.raises(CardProcessingNotEnabled):
        await shop.pay(source=CARD)
    with pytest.raises(CardProcessingNotEnabled):
        await shop.pay(source=CARD, intent="AUTHORIZE")
    assert (await shop.client.in_flight()).ids == ()
    assert await shop.captures() == ()
