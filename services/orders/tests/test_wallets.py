"""A wallet is kept when its owner pays, and pays this merchant again without his being asked."""

from __future__ import annotations

from typing import Any

import pytest

from farthing.clients.orders.client import OrdersClient
from farthing.clients.vault.client import VaultClient
from farthing.kit.faults import Fault
from services.orders.tests.conftest import BUYER, OTHER, POOR, STORE, Shop, issues, links, order, unit, usd

KEEP: dict[str, Any] = {"store_in_vault": "ON_SUCCESS", "usage_type": "MERCHANT"}


async def begun(shop: Shop, key: str, customer: str | None = None, vault: dict[str, Any] = KEEP, **more: Any) -> str:
    """An order that asks its payer for his permission."""
    attributes = {"vault": vault} | ({"customer": {"id": customer}} if customer else {})
    answer = await shop.post("", order(payment_source={"paypal": {"attributes": attributes}}, **more), paypal_request_id=key)
    assert (answer.status_code, answer.json()["status"]) == (200, "PAYER_ACTION_REQUIRED"), answer.text
    return str(answer.json()["id"])


async def kept(shop: Shop, key: str = "keep", payer: str = BUYER, funding: Any = "balance", **more: Any) -> dict[str, Any]:
    """What the merchant learns of a wallet that was kept."""
    order_id = await begun(shop, key, **more)
    await shop.approve(order_id, payer, funding=funding)
    paid = (await shop.capture(order_id)).json()
    assert (await shop.get(order_id)).json()["payment_source"]["paypal"]["attributes"] == paid["payment_source"]["paypal"]["attributes"]
    found: dict[str, Any] = paid["payment_source"]["paypal"]["attributes"]["vault"]
    return found


async def pay(shop: Shop, source: dict[str, Any], app: str = STORE, key: str = "again", *units: dict[str, Any], **more: Any) -> Any:
    body = order(*units, payment_source=source, **more)
    return await shop.post("", body, app, paypal_request_id=key, prefer="return=representation")


class TestKeeping:
    async def test_its_token_is_shown_once_it_paid(self, shop: Shop) -> None:
        found = await kept(shop, customer="customer_7")
        assert (found["status"], found["customer"]) == ("VAULTED", {"id": "customer_7"})
        assert {link["rel"] for link in found["links"]} == {"self", "delete"}
        wallet = await shop.orders.beside["vault"].client(VaultClient).wallet(found["id"])
        assert (wallet.account_id, wallet.card, wallet.customer_id) == (BUYER, None, "customer_7")

    async def test_the_payer_is_told_before_he_agrees(self, shop: Shop) -> None:
        client = shop.orders.client(OrdersClient)
        asking, plain = await begun(shop, "keep"), (await shop.create())["id"]
        assert ((await client.get(asking)).kept, (await client.get(plain)).kept) == (True, False)

    async def test_one_permission_for_a_merchant_and_its_payer_unless_several_are_wanted(self, shop: Shop) -> None:
        several = {**KEEP, "permit_multiple_payment_tokens": True}
        tokens = [(await kept(shop, str(number), vault=vault))["id"] for number, vault in enumerate((KEEP, KEEP, several, several))]
        assert (tokens[0] == tokens[1], len(set(tokens))) == (True, 3)

    async def test_authorized_is_paid_too(self, shop: Shop) -> None:
        order_id = await begun(shop, "keep", intent="AUTHORIZE")
        await shop.approve(order_id)
        paid = (await shop.post(f"/{order_id}/authorize", {})).json()
        assert paid["payment_source"]["paypal"]["attributes"]["vault"]["status"] == "VAULTED"

    async def test_what_did_not_pay_is_not_kept(self, shop: Shop) -> None:
        order_id = await begun(shop, "keep")
        await shop.approve(order_id, POOR)
        assert issues(await shop.capture(order_id)) == ["INSTRUMENT_DECLINED"]
        await shop.approve(order_id)
        token = (await shop.capture(order_id)).json()["payment_source"]["paypal"]["attributes"]["vault"]["id"]
        assert (await shop.orders.beside["vault"].client(VaultClient).wallet(token)).account_id == BUYER

    async def test_a_lost_answer_of_vault_keeps_once_and_pays_once(self, shop: Shop) -> None:
        order_id, before = await begun(shop, "keep"), await shop.balance(BUYER)
        await shop.approve(order_id)
        vault = shop.orders.beside["vault"]
        vault.faults.plant(Fault("f", "vault.keep", "lost_response", times=2))  # the client asks twice
        assert (await shop.capture(order_id, paypal_request_id="one")).status_code == 503
        done = await shop.capture(order_id, paypal_request_id="one")
        assert done.json()["payment_source"]["paypal"]["attributes"]["vault"]["status"] == "VAULTED"
        row = await vault.database.row("SELECT count(1) AS n FROM wallets")
        assert row is not None
        assert (row["n"], before - await shop.balance(BUYER)) == (1, 10_000)

    @pytest.mark.parametrize(
        ("attributes", "field"),
        [
            ({"vault": {"store_in_vault": "ALWAYS"}}, "/vault/store_in_vault"),
            ({"vault": {**KEEP, "usage_type": "OURS"}}, "/vault/usage_type"),
            ({"vault": {**KEEP, "permit_multiple_payment_tokens": "yes"}}, "/vault/permit_multiple_payment_tokens"),
            ({"vault": KEEP, "customer": {"id": "not an id"}}, "/customer/id"),
        ],
    )
    async def test_wrong_words(self, shop: Shop, attributes: dict[str, Any], field: str) -> None:
        answer = await pay(shop, {"paypal": {"attributes": attributes}})
        assert answer.status_code == 400
        assert answer.json()["details"][0]["field"] == f"/payment_source/paypal/attributes{field}"


class TestPayingAgain:
    async def test_without_asking_by_either_name(self, shop: Shop) -> None:
        token, before = (await kept(shop))["id"], await shop.balance(BUYER)
        for number, source in enumerate(({"paypal": {"vault_id": token}}, {"token": {"id": token, "type": "PAYMENT_METHOD_TOKEN"}})):
            answer = await pay(shop, source, STORE, str(number), unit(amount=usd("10.00")))
            paid = answer.json()
            assert (answer.status_code, paid["status"], set(links(paid))) == (201, "COMPLETED", {"self"})
            assert (paid["payer"]["payer_id"], paid["payment_source"]["paypal"]["account_id"]) == (BUYER, BUYER)
            assert paid["purchase_units"][0]["payments"]["captures"][0]["amount"] == usd("10.00")
            assert (await pay(shop, source, STORE, str(number), unit(amount=usd("10.00")))).json() == paid
        assert before - await shop.balance(BUYER) == 2_000

    async def test_with_the_card_that_the_payer_chose(self, shop: Shop) -> None:
        token, before = (await kept(shop, funding="card"))["id"], await shop.balance(BUYER)
        answer = await pay(shop, {"paypal": {"vault_id": token}})
        assert (answer.json()["status"], await shop.balance(BUYER)) == ("COMPLETED", before)
        assert set(answer.json()["payment_source"]) == {"paypal"}

    async def test_at_the_capture_and_by_confirmation(self, shop: Shop) -> None:
        token = (await kept(shop))["id"]
        source = {"payment_source": {"paypal": {"vault_id": token}}}
        captured = await shop.capture((await shop.create())["id"], json=source, paypal_request_id="one")
        assert (captured.status_code, captured.json()["status"]) == (201, "COMPLETED")
        confirmed = await shop.post(f"/{(await shop.create())['id']}/confirm-payment-source", source)
        assert (confirmed.status_code, confirmed.json()["status"]) == (200, "APPROVED")

    async def test_an_authorization(self, shop: Shop) -> None:
        paid = (await pay(shop, {"paypal": {"vault_id": (await kept(shop))["id"]}}, intent="AUTHORIZE")).json()
        assert paid["purchase_units"][0]["payments"]["authorizations"][0]["status"] == "CREATED"

    async def test_not_for_another_merchant_and_not_by_made_up_tokens(self, shop: Shop) -> None:
        token = (await kept(shop))["id"]
        for app, source in ((OTHER, token), (STORE, "WLT1"), (STORE, "SEEDCARD1BUYER")):
            for given in ({"paypal": {"vault_id": source}}, {"token": {"id": source, "type": "PAYMENT_METHOD_TOKEN"}}):
                answer = await pay(shop, given, app)
                assert (answer.status_code, issues(answer)) == (422, ["TOKEN_ID_NOT_FOUND"])

    async def test_a_wallet_is_no_card(self, shop: Shop) -> None:
        assert issues(await pay(shop, {"card": {"vault_id": (await kept(shop))["id"]}})) == ["TOKEN_ID_NOT_FOUND"]

    async def test_without_money_nothing_is_left_and_nobody_is_sent_anywhere(self, shop: Shop) -> None:
        token = (await kept(shop))["id"]
        orders = await shop.count("orders")
        answer = await pay(shop, {"paypal": {"vault_id": token}}, STORE, "again", unit(amount=usd("99999999.00")))
        assert (answer.status_code, issues(answer), answer.json()["links"]) == (422, ["INSTRUMENT_DECLINED"], [])
        assert await shop.count("orders") == orders
