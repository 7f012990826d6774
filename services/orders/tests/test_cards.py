from __future__ import annotations

import asyncio
import re
from typing import Any

from farthing.clients.merchants.client import MerchantsClient
from farthing.clients.merchants.models import MerchantChange
from farthing.kit.settings import Settings
from services.orders.tests.conftest import OTHER, STORE, Shop, issues, links, order, unit, usd
from tests.single import StartSingle

NUMBER = "4012888888881881"
KEEP = {"attributes": {"vault": {"store_in_vault": "ON_SUCCESS"}}}


def card(**more: Any) -> dict[str, Any]:
    return {"card": {"number": NUMBER, "expiry": "2035-12", "security_code": "123", **more}}


async def pay(shop: Shop, source: dict[str, Any], app: str = STORE, key: str = "one", **more: Any) -> Any:
    return await shop.post("", order(payment_source=source, **more), app, paypal_request_id=key, prefer="return=representation")


async def everything(shop: Shop) -> str:
    """All that orders has stored and told."""
    await shop.orders.running.worker.drain()
    both = "SELECT to_json(o)::text AS text FROM orders o UNION ALL SELECT to_json(i)::text FROM idempotency i"
    rows = await shop.orders.database.fetch(both)
    return "".join([*(row["text"] for row in rows), *(event.data for event in shop.orders.events)])


class TestAtCreation:
    async def test_it_is_paid_at_once(self, shop: Shop) -> None:
        answer = await pay(shop, card(name="Bea Buyer"))
        paid = answer.json()
        assert (answer.status_code, paid["status"], set(links(paid))) == (201, "COMPLETED", {"self"})
        assert paid["payment_source"] == {"card": {"last_digits": "1881", "brand": "VISA", "expiry": "2035-12"}}
        (capture,) = paid["purchase_units"][0]["payments"]["captures"]
        assert (capture["status"], capture["amount"]) == ("COMPLETED", usd("100.00"))
        assert (await shop.get(paid["id"])).json() == paid
        assert await shop.events() == ["CHECKOUT.ORDER.COMPLETED"]

    async def test_with_the_intent_authorize(self, shop: Shop) -> None:
        paid = (await pay(shop, card(), intent="AUTHORIZE")).json()
        assert paid["purchase_units"][0]["payments"]["authorizations"][0]["status"] == "CREATED"

    async def test_no_number_and_no_code_is_stored_or_told(self, shop: Shop) -> None:
        surprise = {"pan": NUMBER, "track": {"data": NUMBER}}
        answer = await pay(shop, card(security_code="737", surprise=surprise, name="CARD HOLDER"))
        assert answer.status_code == 201
        for place in (answer.text, await everything(shop)):
            assert NUMBER not in place
            assert re.search(r"(?<![0-9A-Za-z])737(?![0-9A-Za-z])", place) is None  # ids and traces may hold these digits by chance
            assert "surprise" not in place
            assert "CARD HOLDER" not in place

    async def test_a_declined_card_completes_the_order(self, shop: Shop) -> None:
        paid = (await pay(shop, card(name="CCREJECT-REFUSED"))).json()
        (capture,) = paid["purchase_units"][0]["payments"]["captures"]
        assert (paid["status"], capture["status"], capture["processor_response"]["response_code"]) == ("COMPLETED", "DECLINED", "0500")
        assert await shop.events() == []

    async def test_the_same_request_id_pays_once(self, shop: Shop) -> None:
        first = await pay(shop, card())
        again = await pay(shop, card())
        assert (first.status_code, again.status_code, first.json()) == (201, 200, again.json())

    async def test_twenty_at_once_pay_once(self, shop: Shop) -> None:
        answers = await asyncio.gather(*(pay(shop, card()) for _ in range(20)))
        assert sorted(answer.status_code for answer in answers) == [*[200] * 19, 201]
        assert (len({answer.text for answer in answers}), await shop.count("orders")) == (1, 1)

    async def test_what_is_wrong_with_it_never_names_it(self, shop: Shop) -> None:
        place = "/payment_source/card"
        for source, status, issue, field in (
            (card(number="4012888888881880"), 400, "INVALID_PARAMETER_VALUE", f"{place}/number"),
            (card(number="4012 8888 8888 1881"), 400, "INVALID_PARAMETER_SYNTAX", f"{place}/number"),
            (card(number=4012888888881881), 400, "INVALID_PARAMETER_SYNTAX", f"{place}/number"),
            (card(number=None), 422, "CARD_NUMBER_REQUIRED", f"{place}/number"),
            (card(number="4929000000006"), 422, "PAYMENT_SOURCE_CANNOT_BE_USED", f"{place}/number"),
            (card(expiry="2020-01"), 422, "CARD_EXPIRED", f"{place}/expiry"),
            (card(expiry=None), 422, "CARD_EXPIRY_REQUIRED", f"{place}/expiry"),
            (card(expiry="12/35"), 400, "INVALID_PARAMETER_SYNTAX", f"{place}/expiry"),
            (card(security_code="1234"), 422, "INVALID_SECURITY_CODE_LENGTH", f"{place}/security_code"),
            (card(security_code="12x"), 400, "INVALID_PARAMETER_SYNTAX", f"{place}/security_code"),
            ({"card": NUMBER}, 400, "INVALID_PARAMETER_SYNTAX", place),
            ({"card": [NUMBER]}, 400, "INVALID_PARAMETER_SYNTAX", place),
            (card(vault_id="NOT-OURS", number=None), 422, "TOKEN_ID_NOT_FOUND", "/payment_source"),
        ):
            answer = await pay(shop, source)
            (detail,) = answer.json()["details"]
            assert (answer.status_code, detail["issue"], detail["field"]) == (status, issue, field), source
            assert all(number not in answer.text for number in ("4012888888881880", "4012 8888", "4929000000006", "12/35", "12x"))
            assert "value" not in detail
        whole = await shop.post("", order(payment_source=NUMBER), paypal_request_id="one")
        assert (whole.status_code, NUMBER in whole.text) == (400, False)
        assert (await shop.count("orders"), await shop.count("idempotency")) == (0, 0)

    async def test_a_refused_payment_leaves_no_order_and_no_record(self, shop: Shop) -> None:
        await shop.orders.beside["merchants"].client(MerchantsClient).change(STORE, MerchantChange(block_repeated_invoices=True))
        body = order(unit(invoice_id="I-1"), payment_source=card())
        assert (await shop.post("", body, paypal_request_id="one")).status_code == 201
        answer = await shop.post("", body, paypal_request_id="two")
        assert (answer.status_code, issues(answer)) == (422, ["DUPLICATE_INVOICE_ID"])
        assert (await shop.count("orders"), await shop.count("idempotency")) == (1, 1)

    async def test_live_mode_takes_no_cards(self, single: StartSingle) -> None:
        shop = Shop(await single("orders", "merchants", settings=Settings(mode="live"), seeded=True))
        answer = await pay(shop, card())
        assert (answer.status_code, issues(answer)) == (422, ["NOT_ENABLED_FOR_CARD_PROCESSING"])


class TestLater:
    async def test_with_the_capture(self, shop: Shop) -> None:
        order_id = (await shop.create())["id"]
        answer = await shop.capture(order_id, json={"payment_source": card()}, paypal_request_id="one")
        assert (answer.status_code, answer.json()["status"]) == (201, "COMPLETED")
        assert answer.json()["payment_source"]["card"]["last_digits"] == "1881"
        again = await shop.capture(order_id, json={"payment_source": card()}, paypal_request_id="one")
        assert (again.status_code, again.json()) == (200, answer.json())

    async def test_twenty_captures_at_once_pay_once(self, shop: Shop) -> None:
        order_id = (await shop.create())["id"]
        body = {"payment_source": card()}
        answers = await asyncio.gather(*(shop.capture(order_id, json=body, paypal_request_id="one") for _ in range(20)))
        assert sorted(answer.status_code for answer in answers) == [*[200] * 19, 201]
        assert len({answer.text for answer in answers}) == 1

    async def test_a_refusal_puts_the_order_back(self, shop: Shop) -> None:
        order_id = (await shop.create())["id"]
        before = (await shop.get(order_id)).json()
        refused = await shop.capture(order_id, json={"payment_source": card(expiry="2020-01")})
        assert issues(refused) == ["CARD_EXPIRED"]
        assert (await shop.get(order_id)).json() == before

    async def test_a_refused_payment_puts_the_order_back(self, shop: Shop) -> None:
        await shop.orders.beside["merchants"].client(MerchantsClient).change(STORE, MerchantChange(block_repeated_invoices=True))
        await pay(shop, card(), purchase_units=[unit(invoice_id="I-1")])
        before = await shop.create(unit(invoice_id="I-1"))
        refused = await shop.capture(before["id"], json={"payment_source": card()}, paypal_request_id="one")
        assert (refused.status_code, issues(refused)) == (422, ["DUPLICATE_INVOICE_ID"])
        shown = (await shop.get(before["id"])).json()
        assert (shown["status"], shown["purchase_units"], "payment_source" in shown) == ("CREATED", before["purchase_units"], False)
        invoice = {"op": "replace", "path": "/purchase_units/@reference_id=='default'/invoice_id", "value": "I-2"}
        assert (await shop.patch(before["id"], invoice)).status_code == 204
        assert (await shop.capture(before["id"], json={"payment_source": card()}, paypal_request_id="one")).status_code == 201

    async def test_by_confirmation(self, shop: Shop) -> None:
        order_id = (await shop.create())["id"]
        answer = await shop.post(f"/{order_id}/confirm-payment-source", {"payment_source": card()})
        assert (answer.status_code, answer.json()["status"]) == (200, "APPROVED")
        assert (await shop.capture(order_id)).json()["status"] == "COMPLETED"


class TestKept:
    async def keep(self, shop: Shop, **more: Any) -> dict[str, Any]:
        paid = (await pay(shop, card(**KEEP, **more), key="keep")).json()
        kept: dict[str, Any] = paid["payment_source"]["card"]["attributes"]["vault"]
        return kept

    async def test_its_token_is_shown_once_it_was_charged(self, shop: Shop) -> None:
        kept = await self.keep(shop)
        assert (kept["status"], len(kept["customer"]["id"])) == ("VAULTED", 10)
        assert {link["rel"] for link in kept["links"]} == {"self", "delete"}

    async def test_it_pays_again_by_either_name(self, shop: Shop) -> None:
        token = (await self.keep(shop))["id"]
        sources = ({"card": {"vault_id": token}}, {"token": {"id": token, "type": "PAYMENT_METHOD_TOKEN"}})
        for number, source in enumerate(sources):
            answer = await pay(shop, source, key=str(number))
            assert (answer.status_code, answer.json()["status"]) == (201, "COMPLETED")
            assert answer.json()["payment_source"] == {"card": {"last_digits": "1881", "brand": "VISA", "expiry": "2035-12"}}

    async def test_another_merchant_cannot_use_it(self, shop: Shop) -> None:
        token = (await self.keep(shop))["id"]
        answer = await pay(shop, {"card": {"vault_id": token}}, OTHER)
        assert (answer.status_code, issues(answer)) == (422, ["TOKEN_ID_NOT_FOUND"])

    async def test_a_card_that_was_not_kept_cannot_be_used_again(self, shop: Shop) -> None:
        await pay(shop, card())
        row = await shop.orders.database.row("SELECT funding ->> 'token' AS token FROM orders")
        assert row is not None
        answer = await pay(shop, {"card": {"vault_id": row["token"]}}, key="two")
        assert issues(answer) == ["TOKEN_ID_NOT_FOUND"]

    async def test_a_declined_card_is_not_kept(self, shop: Shop) -> None:
        paid = (await pay(shop, card(**KEEP, name="CCREJECT-REFUSED"))).json()
        assert "attributes" not in paid["payment_source"]["card"]

    async def test_for_a_customer_of_the_merchant(self, shop: Shop) -> None:
        attributes = {"vault": {"store_in_vault": "ON_SUCCESS"}, "customer": {"id": "customer_7"}}
        paid = (await pay(shop, card(attributes=attributes))).json()
        assert paid["payment_source"]["card"]["attributes"]["vault"]["customer"] == {"id": "customer_7"}
