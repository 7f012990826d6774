"""The approval page, by what it answers: no browser, no script."""

from __future__ import annotations

import re
from typing import Any

import pytest

from farthing.clients.ledger.client import LedgerClient
from services.checkout.tests.conftest import BUYER, SHOP, usd

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def wallet(visitor: Any) -> list[int]:
    found = await visitor.platform.client(LedgerClient).balances(BUYER)
    return [account.balance for account in found.balances if (account.kind, account.currency) == ("wallet", "USD")]


class TestTheWayThrough:
    async def test_sign_in_approve_return(self, visitor: Any, order: str) -> None:
        page = await visitor.open(f"/checkoutnow?token={order}")
        assert (page.status, page.texts["merchant"], page.texts["amount"]) == (200, "Example Store", "1,234.50 USD")
        page = await visitor.sign_in()
        assert (page.status, page.texts["payer"], page.texts["approve"]) == (200, "buyer@example.com", "Pay 1,234.50 USD")
        page = await visitor.submit("approve", funding="balance")
        assert (page.status, await visitor.status(order)) == (200, "APPROVED")
        assert page.refresh == f"{SHOP}/return?cart=7&token={order}&PayerID={BUYER}"
        assert page.attributes["return-link"]["href"] == page.refresh

    async def test_by_the_payer_action_link(self, visitor: Any) -> None:
        context = {"return_url": "com.example.shop://paid", "cancel_url": f"{SHOP}/cancel", "user_action": "CONTINUE"}
        body = {
            "intent": "CAPTURE",
            "purchase_units": [{"amount": {"currency_code": "JPY", "value": "1200"}}],
            "payment_source": {"paypal": {"experience_context": context}},
        }
        headers = await visitor.platform.as_app(paypal_request_id="payer-action-1")
        made = (await visitor.platform.http.post("/v2/checkout/orders", json=body, headers=headers)).json()
        [link] = [link["href"] for link in made["links"] if link["rel"] == "payer-action"]
        page = await visitor.open(link.partition("8080")[2])
        assert page.texts["amount"] == "1,200 JPY"
        page = await visitor.sign_in()
        assert page.texts["approve"] == "Agree and continue"
        page = await visitor.submit("approve", funding="balance")
        assert page.refresh == f"com.example.shop://paid?token={made['id']}&PayerID={BUYER}"

    async def test_with_a_card(self, visitor: Any, order: str) -> None:
        before = await wallet(visitor)
        await visitor.open(f"/checkoutnow?token={order}")
        page = await visitor.sign_in()
        card = page.attributes["funding-card"]["value"]
        await visitor.submit("approve", funding=card)
        headers = await visitor.platform.as_app(prefer="return=representation")
        found = (await visitor.platform.http.get(f"/v2/checkout/orders/{order}", headers=headers)).json()
        assert found["status"] == "APPROVED"
        captured = await visitor.platform.http.post(f"/v2/checkout/orders/{order}/capture", json={}, headers=headers)
        assert (captured.status_code, captured.json()["status"]) == (201, "COMPLETED"), captured.text
        assert await wallet(visitor) == before

    async def test_items_and_the_merchant_behind_a_brand_are_shown(self, visitor: Any) -> None:
        unit = {
            "description": "Order 7",
            "amount": {"currency_code": "USD", "value": "7.00", "breakdown": {"item_total": {"currency_code": "USD", "value": "7.00"}}},
            "items": [
                {"name": "<b>Tea</b>", "quantity": "2", "unit_amount": {"currency_code": "USD", "value": "3.50"}},
            ],
        }
        order = await visitor.order(unit=unit, brand_name="Tea & Co")
        page = await visitor.open(f"/checkoutnow?token={order}")
        assert page.texts["item"] == "2 \N{MULTIPLICATION SIGN} <b>Tea</b> 7.00 USD"
        assert (page.texts["merchant"], page.texts["payee"]) == ("Tea & Co", "Example Store store@example.com")
        assert page.texts["description"] == "Order 7"
        assert "<b>" not in page.html

    async def test_a_name_cannot_turn_the_sentences_around_it(self, visitor: Any) -> None:
        """By characters that override the direction of text, or by its own direction."""
        override, name = "\N{RIGHT-TO-LEFT OVERRIDE}", "\N{HEBREW LETTER ALEF}\N{HEBREW LETTER BET}"
        unit = {"amount": usd("5.00"), "description": f"{override}two"}
        order = await visitor.order(unit=unit, brand_name=f"{name}\N{POP DIRECTIONAL ISOLATE}{override}")
        await visitor.open(f"/checkoutnow?token={order}")
        signed_in = await visitor.sign_in()
        ended = await visitor.submit("approve", funding="balance")
        for page in (signed_in, ended):
            assert (override in page.html, "\N{POP DIRECTIONAL ISOLATE}" in page.html) == (False, False)
            assert page.html.partition("<body>")[2].count(name) == page.html.count(f"<bdi>{name}</bdi>") > 0
        assert "<bdi>two</bdi>" in signed_in.html

    async def test_what_the_amount_is_made_of_is_shown(self, visitor: Any) -> None:
        breakdown = {"item_total": usd("9.00"), "tax_total": usd("1.00"), "shipping": usd("2.00"), "discount": usd("0.50")}
        order = await visitor.order(unit={"amount": {**usd("11.50"), "breakdown": breakdown}})
        page = await visitor.open(f"/checkoutnow?token={order}")
        rows = re.findall('data-testid="part"><td>([^<]+)</td><td class="sum">([^<]+)</td>', page.html)
        assert rows[:3] == [("Items", "9.00 USD"), ("Tax", "1.00 USD"), ("Shipping", "2.00 USD")]
        assert rows[3:] == [("Discount", "\N{MINUS SIGN}0.50 USD")]

    async def test_the_address_that_the_store_gets_is_shown_to_its_payer(self, visitor: Any, order: str) -> None:
        page = await visitor.open(f"/checkoutnow?token={order}")
        assert "delivery" not in page.texts
        page = await visitor.sign_in()
        assert page.texts["delivery"] == "Delivery to Bea Buyer, 1 Example Street, San Jose CA 95131, US"
        assert page.texts["told"] == "Example Store can then read your name, your e-mail address and your postal address."
        await visitor.submit("approve", funding="balance")
        await visitor.open(f"/checkoutnow?token={order}")
        page = await visitor.submit("sign-out")
        assert "Example Street" not in page.html
        page = await visitor.sign_in("poor@example.com")
        assert "Example Street" not in page.html

    @pytest.mark.parametrize(
        ("preference", "shown"), [("NO_SHIPPING", None), ("SET_PROVIDED_ADDRESS", "Delivery to Sam, 2 Street, Rome 00118, IT")]
    )
    async def test_the_address_that_the_store_gave_is_shown(self, visitor: Any, preference: str, shown: str | None) -> None:
        address = {"address_line_1": "2 Street", "admin_area_2": "Rome", "postal_code": "00118", "country_code": "IT"}
        unit = {"amount": usd("5.00"), "shipping": {"name": {"full_name": "Sam"}, "address": address}}
        order = await visitor.order(unit=unit, shipping_preference=preference)
        await visitor.open(f"/checkoutnow?token={order}")
        page = await visitor.sign_in()
        assert page.texts.get("delivery") == shown
        assert page.texts["told"] == "Example Store can then read your name, your e-mail address and your country."

    async def test_without_addresses_the_payer_is_told_to_go_back(self, visitor: Any) -> None:
        order = await visitor.order(return_url=None, cancel_url=None)
        await visitor.open(f"/checkoutnow?token={order}")
        await visitor.sign_in()
        page = await visitor.submit("approve", funding="balance")
        assert (page.status, page.refresh, "return-link" in page.texts) == (200, None, False)
        assert "approved" in page.texts

    async def test_cancelling_leaves_the_order_as_it_was(self, visitor: Any, order: str) -> None:
        page = await visitor.open(f"/checkoutnow?token={order}")
        page = await visitor.open(page.attributes["cancel"]["href"])
        assert (page.status, page.answer.headers["location"]) == (303, f"{SHOP}/cancel?token={order}")
        assert await visitor.status(order) == "CREATED"

    async def test_a_payer_changes_to_the_card_and_back(self, visitor: Any, order: str) -> None:
        before = await wallet(visitor)
        await visitor.open(f"/checkoutnow?token={order}")
        await visitor.sign_in()
        for funding in ("balance", "card:CARD1BUYER3F6", "balance"):
            await visitor.submit("approve", funding=funding)
            await visitor.open(f"/checkoutnow?token={order}")
        headers = await visitor.platform.as_app()
        captured = await visitor.platform.http.post(f"/v2/checkout/orders/{order}/capture", json={}, headers=headers)
        assert captured.status_code == 201, captured.text
        assert [old - new for old, new in zip(before, await wallet(visitor), strict=True)] == [123_450]

    async def test_what_the_store_changes_meanwhile_is_not_approved_unseen(self, visitor: Any, order: str) -> None:
        await visitor.open(f"/checkoutnow?token={order}")
        await visitor.sign_in()
        more = {"op": "replace", "path": "/purchase_units/@reference_id=='default'/amount", "value": usd("5000.00")}
        answer = await visitor.platform.http.patch(f"/v2/checkout/orders/{order}", json=[more], headers=await visitor.platform.as_app())
        assert answer.status_code == 204
        page = await visitor.submit("approve", funding="balance")
        assert (page.status, page.texts["error"]) == (422, "The store has changed this payment. Please look at it again.")
        assert (page.texts["amount"], await visitor.status(order)) == ("5,000.00 USD", "CREATED")
        await visitor.submit("approve", funding="balance")
        assert await visitor.status(order) == "APPROVED"

    async def test_a_page_of_an_earlier_release_is_still_approved(self, visitor: Any, order: str) -> None:
        """During a rolling update either checkout or orders may be the earlier one, and say nothing of what was seen."""
        for seen in (None, ""):
            await visitor.open(f"/checkoutnow?token={order}")
            if "sign-in" in visitor.page.texts:
                await visitor.sign_in()
            assert visitor.page.forms[0][1]["seen"] != ""
            await visitor.submit("approve", funding="balance", seen=seen)
            assert await visitor.status(order) == "APPROVED"
            order = await visitor.order()

    async def test_an_approved_order_can_be_paid_in_another_way_by_its_payer_only(self, visitor: Any, order: str) -> None:
        await visitor.open(f"/checkoutnow?token={order}")
        await visitor.sign_in()
        await visitor.submit("approve", funding="balance")
        page = await visitor.open(f"/checkoutnow?token={order}")
        assert "approved-already" in page.texts
        returned = await visitor.open(page.attributes["return-link"]["href"])
        assert returned.refresh == f"{SHOP}/return?cart=7&token={order}&PayerID={BUYER}"
        visitor.page = page
        page = await visitor.submit("sign-out")
        page = await visitor.sign_in("poor@example.com")
        assert (page.status, page.texts["problem"].startswith("This payment is approved")) == (409, True)
        assert BUYER not in page.html


class TestSigningIn:
    @pytest.mark.parametrize(
        ("email", "password"),
        [("buyer@example.com", "wrong"), ("nobody@example.com", "farthing"), ("", ""), ("a\0b", "farthing"), ("x" * 1000, "y" * 1000)],
    )
    async def test_wrong_credentials_are_told_beside_the_form(self, visitor: Any, order: str, email: str, password: str) -> None:
        await visitor.open(f"/checkoutnow?token={order}")
        page = await visitor.sign_in(email, password)
        assert (page.status, page.texts["error"]) == (422, "The e-mail address or the password is wrong.")
        assert page.attributes["error"]["role"] == "alert"
        assert (page.attributes["email"]["value"], page.attributes["password"].get("value")) == (email, None)

    async def test_who_guesses_too_often_is_told_to_wait(self, visitor: Any, order: str) -> None:
        await visitor.open(f"/checkoutnow?token={order}")
        told = [(page := await visitor.sign_in("guessed@example.com")).texts["error"] for _ in range(11)]
        assert told[:10] == ["The e-mail address or the password is wrong."] * 10
        assert (page.status, told[10]) == (422, "Too many attempts with this e-mail address. Please try again in a quarter of an hour.")

    async def test_a_business_cannot_pay(self, visitor: Any, order: str) -> None:
        await visitor.open(f"/checkoutnow?token={order}")
        page = await visitor.sign_in("other@example.com")
        assert (page.status, page.texts["error"].startswith("A business account cannot pay"), "approve" in page.texts) == (200, True, False)
        page.forms.append((f"/checkout/orders/{order}/approve", page.forms[0][1]))
        page = await visitor.submit("approve", funding="balance")
        assert (page.status, page.texts["error"].startswith("A business account cannot pay")) == (422, True)
        assert await visitor.status(order) == "CREATED"

    async def test_signing_out_ends_the_session(self, visitor: Any, order: str) -> None:
        await visitor.open(f"/checkoutnow?token={order}")
        await visitor.sign_in()
        cookie = dict(visitor.http.cookies)
        page = await visitor.submit("sign-out")
        assert "sign-in" in page.texts
        visitor.http.cookies.clear()
        for name, value in cookie.items():
            visitor.http.cookies.set(name, value)
        assert "sign-in" in (await visitor.open(f"/checkoutnow?token={order}")).texts

    async def test_the_cookie_is_out_of_reach_of_scripts_other_sites_and_other_ports(self, visitor: Any, order: str) -> None:
        page = await visitor.open(f"/checkoutnow?token={order}")
        action, own = page.forms[0]
        answer = await visitor.http.post(action, data=own | {"email": "buyer@example.com", "password": "farthing"})
        [session] = [cookie for cookie in answer.headers.get_list("set-cookie") if cookie.startswith("farthing_session=")]
        assert {"HttpOnly", "SameSite=Lax", "Path=/checkout"} <= {part.strip() for part in session.split(";")}
        assert "Secure" not in session  # this platform is reached over http


class TestForms:
    @pytest.mark.parametrize("csrf", [None, "", "0" * 64, "ä"])
    @pytest.mark.parametrize("step", ["sign-in", "approve", "sign-out"])
    async def test_need_their_token(self, visitor: Any, order: str, step: str, csrf: str | None) -> None:
        await visitor.open(f"/checkoutnow?token={order}")
        if step != "sign-in":
            await visitor.sign_in()
        page = await visitor.submit(step, csrf=csrf, email="buyer@example.com", password="farthing", funding="balance")
        assert (page.status, page.texts["problem"].startswith("Please try again")) == (403, True)
        assert page.attributes["again"]["href"] == f"/checkout/orders/{order}"
        assert await visitor.status(order) == "CREATED"
        page = await visitor.open(page.attributes["again"]["href"])
        assert ("sign-in" in page.texts) is (step == "sign-in")

    async def test_of_another_browser_are_refused(self, visitor: Any, order: str) -> None:
        page = await visitor.open(f"/checkoutnow?token={order}")
        stolen = page.forms[0][1]["csrf"]
        visitor.http.cookies.clear()
        await visitor.open(f"/checkoutnow?token={order}")
        assert (await visitor.submit("sign-in", csrf=stolen, email="buyer@example.com", password="farthing")).status == 403

    async def test_without_cookies_are_refused(self, visitor: Any, order: str) -> None:
        await visitor.open(f"/checkoutnow?token={order}")
        visitor.http.cookies.clear()
        assert (await visitor.sign_in()).status == 403

    @pytest.mark.parametrize(
        "headers",
        [{"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}],
    )
    async def test_from_other_sites_are_refused(self, visitor: Any, order: str, headers: dict[str, str]) -> None:
        await visitor.open(f"/checkoutnow?token={order}")
        await visitor.sign_in()
        page = await visitor.submit("approve", headers, funding="balance")
        assert (page.status, await visitor.status(order)) == (403, "CREATED")

    @pytest.mark.parametrize("funding", [None, "", "card:", "card:UNKNOWN", "card:CARD1BUYER3F6X", "gold"])
    async def test_with_an_unknown_way_to_pay_are_corrected(self, visitor: Any, order: str, funding: str | None) -> None:
        await visitor.open(f"/checkoutnow?token={order}")
        await visitor.sign_in()
        page = await visitor.submit("approve", funding=funding)
        assert (page.status, page.texts["error"]) == (422, "Please choose one of your ways to pay.")
        assert page.attributes["ways"]["aria-describedby"] == page.attributes["error"]["id"]
        assert await visitor.status(order) == "CREATED"

    @pytest.mark.parametrize(
        ("media", "body"),
        [
            ("application/json", b"{}"),
            ("multipart/form-data; boundary=x", b"--x--"),
            ("application/x-www-form-urlencoded", b"csrf=\xff"),
            ("application/x-www-form-urlencoded", b"csrf=%ff"),
            ("application/x-www-form-urlencoded", b"&".join(b"a%d=b" % number for number in range(50))),
        ],
    )
    async def test_that_cannot_be_read_are_refused(self, visitor: Any, order: str, media: str, body: bytes) -> None:
        await visitor.open(f"/checkoutnow?token={order}")
        answer = await visitor.http.post(f"/checkout/orders/{order}/sign-in", content=body, headers={"content-type": media})
        assert (answer.status_code, answer.headers["content-type"]) == (415, "text/html; charset=utf-8")

    async def test_a_reload_of_their_address_shows_the_page(self, visitor: Any, order: str) -> None:
        page = await visitor.open(f"/checkout/orders/{order}/sign-in?origin=https%3A%2F%2Fshop.example")
        assert (page.status, "sign-in" in page.texts) == (200, True)
        assert "origin=https%3A%2F%2Fshop.example" in page.forms[0][0]


class TestOrdersThatCannotBeApproved:
    async def test_a_token_that_no_text_can_be(self, visitor: Any) -> None:
        page = await visitor.open("/checkoutnow?token=%00")
        assert (page.status, page.texts["problem"].startswith("This did not work")) == (400, True)

    @pytest.mark.parametrize("path", ["%0d%0aset-cookie:%20a=b", "%0d%0aset-cookie:%20a=b/approve", "..%2f..", "x/y"])
    async def test_paths_that_are_none(self, visitor: Any, path: str) -> None:
        answer = await visitor.http.get(f"/checkout/orders/{path}")
        assert (answer.status_code, "location" in answer.headers, "set-cookie" in answer.headers) == (404, False, False)

    @pytest.mark.parametrize("token", ["", "UNKNOWN", "../../etc", "x" * 500, "5O190127TN364715T'--"])
    async def test_unknown(self, visitor: Any, token: str) -> None:
        page = await visitor.open(f"/checkoutnow?token={token}")
        assert (page.status, page.texts["problem"].startswith("We do not know this payment")) == (404, True)

    async def test_finished(self, visitor: Any, order: str) -> None:
        platform = visitor.platform
        await visitor.open(f"/checkoutnow?token={order}")
        await visitor.sign_in()
        await visitor.submit("approve", funding="balance")
        captured = await platform.http.post(f"/v2/checkout/orders/{order}/capture", json={}, headers=await platform.as_app())
        assert captured.status_code == 201, captured.text
        page = await visitor.open(f"/checkoutnow?token={order}")
        assert (page.status, page.texts["problem"].startswith("This payment is closed It is no longer open here")) == (200, True)

    async def test_approved_by_somebody_else_while_the_page_was_open(self, visitor: Any) -> None:
        order = await visitor.order()
        await visitor.open(f"/checkoutnow?token={order}")
        await visitor.sign_in("poor@example.com")
        page = visitor.page
        approved = await visitor.platform.http.post(f"/_farthing/orders/{order}/approve", json={"buyer": "buyer@example.com"})
        assert approved.status_code == 200
        visitor.page = page
        page = await visitor.submit("approve", funding="balance")
        assert (page.status, page.texts["problem"].startswith("This payment is approved")) == (409, True)


class TestOneClick:
    async def agree(self, visitor: Any, funding: str = "balance", origin: str = SHOP) -> None:
        order = await visitor.order()
        await visitor.open(f"/checkoutnow?token={order}&origin={origin}")
        if "sign-in" in visitor.page.texts:
            await visitor.sign_in()
        await visitor.submit("approve", funding=funding, one_click="yes")

    def at_once(self, page: Any) -> str | None:
        return next(iter(_data_at_once(page.html)), None)

    async def test_is_offered_to_the_stores_own_page_after_the_payer_agreed(self, visitor: Any) -> None:
        await self.agree(visitor, "card:CARD1BUYER3F6")
        page = await visitor.open(f"/checkoutnow?token={await visitor.order()}&origin={SHOP}")
        assert self.at_once(page) == SHOP
        assert "checked" in page.attributes["one-click"]
        assert "checked" in page.attributes["funding-card"]

    async def test_is_not_offered_for_a_permission_that_the_payer_must_have_read(self, visitor: Any) -> None:
        await self.agree(visitor)
        page = await visitor.open(f"/checkoutnow?token={await visitor.order()}&origin={SHOP}")
        assert (self.at_once(page), "kept" in page.texts) == (SHOP, False)
        context = {"return_url": f"{SHOP}/return", "cancel_url": f"{SHOP}/cancel"}
        source = {"experience_context": context, "attributes": {"vault": {"store_in_vault": "ON_SUCCESS"}}}
        unit = {"amount": {"currency_code": "USD", "value": "10.00"}}
        body = {"intent": "CAPTURE", "purchase_units": [unit], "payment_source": {"paypal": source}}
        headers = await visitor.platform.as_app(paypal_request_id="keep-1")
        order = (await visitor.platform.http.post("/v2/checkout/orders", json=body, headers=headers)).json()["id"]
        page = await visitor.open(f"/checkoutnow?token={order}&origin={SHOP}")
        assert (self.at_once(page), page.texts["kept"]) == (
            None,
            "By paying you also let Example Store charge you again later, in the same way and without asking you.",
        )

    async def test_opening_the_page_approves_nothing_by_itself(self, visitor: Any) -> None:
        await self.agree(visitor)
        order = await visitor.order()
        await visitor.open(f"/checkoutnow?token={order}&origin={SHOP}")
        assert await visitor.status(order) == "CREATED"

    @pytest.mark.parametrize("origin", ["", "https://evil.example", "http://shop.example", "https://shop.example:8443"])
    async def test_is_not_offered_to_other_pages(self, visitor: Any, origin: str) -> None:
        await self.agree(visitor)
        page = await visitor.open(f"/checkoutnow?token={await visitor.order()}&origin={origin}")
        assert ("approve" in page.texts, self.at_once(page)) == (True, None)

    async def test_is_not_offered_without_the_agreement(self, visitor: Any) -> None:
        await self.agree(visitor)
        page = await visitor.open(f"/checkoutnow?token={await visitor.order()}")
        await visitor.submit("approve", funding="balance", one_click=None)
        page = await visitor.open(f"/checkoutnow?token={await visitor.order()}&origin={SHOP}")
        assert (self.at_once(page), "checked" in page.attributes["one-click"]) == (None, False)

    async def test_is_not_offered_for_another_store(self, visitor: Any, other_store: str) -> None:
        await self.agree(visitor)
        page = await visitor.open(f"/checkoutnow?token={await visitor.order(other_store)}&origin={SHOP}")
        assert self.at_once(page) is None

    async def test_is_not_offered_in_another_browser_or_to_somebody_else(self, visitor: Any) -> None:
        await self.agree(visitor)
        await visitor.open(f"/checkoutnow?token={await visitor.order()}&origin={SHOP}")
        await visitor.submit("sign-out")
        page = await visitor.sign_in("poor@example.com")
        assert self.at_once(page) is None
        visitor.http.cookies.clear()
        await visitor.open(f"/checkoutnow?token={await visitor.order()}&origin={SHOP}")
        page = await visitor.sign_in()
        assert (self.at_once(page), "checked" in page.attributes["one-click"]) == (None, True)

    async def test_is_not_offered_after_signing_in_anew_before_the_page_was_seen(self, visitor: Any) -> None:
        """Signing in alone must not pay: the payer may want to take his agreement back."""
        await self.agree(visitor)
        visitor.http.cookies.delete("farthing_session", path="/checkout")
        await visitor.open(f"/checkoutnow?token={await visitor.order()}&origin={SHOP}")
        page = await visitor.sign_in()
        assert (self.at_once(page), "checked" in page.attributes["one-click"]) == (None, True)
        await visitor.submit("approve", funding="balance", one_click="yes")
        page = await visitor.open(f"/checkoutnow?token={await visitor.order()}&origin={SHOP}")
        assert self.at_once(page) == SHOP

    async def test_the_way_to_pay_is_kept_as_long_as_the_session(self, visitor: Any) -> None:
        await visitor.open(f"/checkoutnow?token={await visitor.order()}&origin={SHOP}")
        await visitor.sign_in()
        await self.agree(visitor)
        kept = {cookie.name.partition("_")[2][:3]: cookie for cookie in visitor.http.cookies.jar}
        assert kept["way"].expires == kept["ses"].expires

    async def test_is_not_offered_for_an_order_that_was_approved(self, visitor: Any) -> None:
        """Its way to pay may just have been declined: the payer must choose another."""
        await self.agree(visitor)
        order = await visitor.order()
        await visitor.platform.http.post(f"/_farthing/orders/{order}/approve", json={"buyer": "buyer@example.com"})
        page = await visitor.open(f"/checkoutnow?token={order}&origin={SHOP}")
        assert ("approved-already" in page.texts, self.at_once(page)) == (True, None)


def _data_at_once(html: str) -> list[str]:
    return [part.partition('"')[0] for part in html.split('data-at-once="')[1:]]
