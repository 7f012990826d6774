"""The story: a buyer pays in a store with one click, on the store's page, and the store never sees who it is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Frame, Page, expect

from tests.browser.store import Store
from tests.browser.watch import Shop, Stranger, becomes, sign_in

pytestmark = pytest.mark.needs_browser
Visit = Callable[..., BrowserContext]
PAID = "Thank you! Your honey is paid."
# The seed's buyer. Whole words, so that no id matches by chance.
PRIVATE = re.compile(
    r"buyer@|\bBea\b|Example Street|\b95131\b|\b4012888888881881\b|\b1881\b|\bVISA\b|CARD1BUYER3F6|farthing_session|farthing_visit"
)


class StorePage:
    """The store's page as its visitor has it: where it was, and everything that its scripts could hear."""

    def __init__(self, context: BrowserContext, store: Store) -> None:
        self.page = context.new_page()
        self.addresses: list[str] = []
        self.answers: list[str] = []
        self.page.on("framenavigated", self._went)
        self.page.on("response", lambda answer: self.answers.append(f"{answer.url} {json.dumps(answer.headers)}"))
        self.page.add_init_script("window.heard = []; addEventListener('message', (event) => heard.push([event.origin, event.data]));")
        self.page.goto(store.url)
        self.button = self.page.get_by_test_id("farthing-button")
        self.notice = self.page.get_by_test_id("notice")

    def messages(self) -> list[list[Any]]:
        return list(self.page.evaluate("window.heard"))

    def everything(self) -> str:
        """What a script on the page can read: the page, its cookies and storage, messages, answers to its requests."""
        readable = (
            "[document.documentElement.outerHTML, document.cookie, JSON.stringify([localStorage, sessionStorage, heard, history.state])]"
        )
        return "\n".join([*self.page.evaluate(readable), *self.answers])

    def _went(self, frame: Frame) -> None:
        if frame == self.page.main_frame:
            self.addresses.append(frame.url)


@pytest.fixture
def open_store(visit: Visit, store: Store) -> Callable[[], StorePage]:
    context = visit(viewport={"width": 960, "height": 640})
    return lambda: StorePage(context, store)


def pay_first(visited: StorePage, funding: str = "funding-card") -> None:
    """Sign in, choose, agree to one click, pay."""
    with visited.page.expect_popup() as opened:
        visited.button.click()
    popup = opened.value
    sign_in(popup)
    popup.get_by_test_id(funding).check()
    popup.get_by_test_id("one-click").check()
    with popup.expect_event("close"):
        popup.get_by_test_id("approve").click()
    expect(visited.notice).to_have_text(PAID)


def pay_again(visited: StorePage) -> None:
    """One click."""
    visited.page.evaluate("notice.textContent = ''")
    with visited.page.expect_popup() as opened:
        visited.button.click()
    if not opened.value.is_closed():
        opened.value.wait_for_event("close")
    expect(visited.notice).to_have_text(PAID)


def test_one_click_without_leaving_the_page(open_store: Callable[[], StorePage], store: Store, shop: Shop, screenshot: Any) -> None:
    visited = open_store()
    pay_first(visited)
    pay_again(visited)
    screenshot(visited.page, "store")
    assert visited.addresses == [f"{store.url}/"]
    messages = visited.messages()
    assert {origin for origin, _ in messages} == {shop.url}
    assert [data["type"] for _, data in messages] == ["farthing.approved", "farthing.ready", "farthing.approved"]
    first, asked, second = [data["orderID"] for _, data in messages]
    assert asked == second != first
    assert [shop.status(order) for order in (first, second)] == ["COMPLETED", "COMPLETED"]


def test_neither_the_stores_page_nor_its_server_sees_the_payer(open_store: Callable[[], StorePage], store: Store) -> None:
    visited = open_store()
    pay_first(visited)
    pay_again(visited)
    assert PRIVATE.findall(visited.everything()) == []
    heard = store.heard()
    orders = {data["orderID"] for _, data in visited.messages()}
    assert len(orders) == 2
    for order in orders:  # that the recorders did hear both sides
        assert f"POST /orders/{order}/capture" in heard
        assert f"/v2/checkout/orders/{order}/capture" in heard
    assert PRIVATE.findall(heard) == []


def test_what_was_not_agreed_to_is_asked_again(open_store: Callable[[], StorePage]) -> None:
    visited = open_store()
    with visited.page.expect_popup() as opened:
        visited.button.click()
    sign_in(opened.value)
    opened.value.get_by_test_id("approve").click()
    expect(visited.notice).to_have_text(PAID)
    with visited.page.expect_popup() as opened:
        visited.button.click()
    expect(opened.value.get_by_test_id("payer")).to_have_text("buyer@example.com")
    expect(opened.value.get_by_test_id("approve")).to_be_visible()


def test_cancelling_in_the_pop_up(open_store: Callable[[], StorePage]) -> None:
    visited = open_store()
    with visited.page.expect_popup() as opened:
        visited.button.click()
    with opened.value.expect_event("close"):
        opened.value.get_by_test_id("cancel").click()
    expect(visited.notice).to_have_text("You cancelled. Nothing was charged.")


def test_closing_the_pop_up_is_cancelling(open_store: Callable[[], StorePage]) -> None:
    visited = open_store()
    with visited.page.expect_popup() as opened:
        visited.button.click()
    expect(opened.value.get_by_test_id("email")).to_be_visible()
    opened.value.close()
    expect(visited.notice).to_have_text("You cancelled. Nothing was charged.")
    expect(visited.button).to_be_enabled()


def test_a_second_click_opens_no_second_window(open_store: Callable[[], StorePage]) -> None:
    visited = open_store()
    with visited.page.expect_popup() as opened:
        visited.button.click()
    expect(opened.value.get_by_test_id("email")).to_be_visible()
    visited.button.click()
    visited.page.wait_for_timeout(300)
    assert len(visited.page.context.pages) == 2


def test_pop_ups_that_are_blocked_become_a_redirect(open_store: Callable[[], StorePage], store: Store) -> None:
    visited = open_store()
    visited.page.evaluate("window.open = () => null")
    visited.button.click()
    sign_in(visited.page)
    visited.page.get_by_test_id("approve").click()
    visited.page.wait_for_url(f"{store.url}/return?token=*&PayerID=BUYER3F6ZT8HC")
    expect(visited.notice).to_have_text(PAID)


def test_without_javascript_the_store_sells_all_the_same(visit: Visit, store: Store) -> None:
    page = visit(java_script_enabled=False).new_page()
    page.goto(store.url)
    page.get_by_label("Jars").fill("3")
    page.get_by_role("button", name="Buy").click()
    expect(page.get_by_test_id("amount")).to_have_text("37.50 USD")
    sign_in(page)
    page.get_by_test_id("approve").click()
    expect(page.get_by_test_id("notice")).to_have_text(PAID)


def test_a_declined_card_is_not_taken_for_a_payment(visit: Visit, farthing: str, shop: Shop, tmp_path: Path) -> None:
    """Its order is COMPLETED all the same."""
    for _ in range(2):
        shop.control("clock/advance", {"by": "P1826D"})  # the card expires; a store with an old token would not be served either
    store = Store(farthing, tmp_path)
    visited = StorePage(visit(), store)
    with visited.page.expect_popup() as opened:
        visited.button.click()
    sign_in(opened.value)
    opened.value.get_by_test_id("funding-card").check()
    opened.value.get_by_test_id("approve").click()
    expect(visited.notice).to_have_text("The payment was declined. Please try another way to pay.")
    store.close()


def test_an_empty_wallet_is_told_and_another_way_asked_for(open_store: Callable[[], StorePage]) -> None:
    visited = open_store()
    with visited.page.expect_popup() as opened:
        visited.button.click()
    sign_in(opened.value, "poor@example.com")
    with visited.page.expect_popup() as opened_again:
        opened.value.get_by_test_id("approve").click()
    expect(opened_again.value.get_by_test_id("error")).to_contain_text("Please choose another way to pay.")
    visited.button.click()
    assert len(visited.page.context.pages) == 2
    opened_again.value.get_by_test_id("cancel").click()
    expect(opened_again.value.get_by_test_id("cancelled")).to_contain_text("can still take the payment")
    with opened_again.value.expect_event("close"):
        opened_again.value.get_by_test_id("return-link").click()
    expect(visited.notice).to_have_text("You cancelled. Nothing was charged.")


def test_an_empty_wallet_without_javascript(visit: Visit, store: Store) -> None:
    page = visit(java_script_enabled=False).new_page()
    page.goto(store.url)
    page.get_by_role("button", name="Buy").click()
    sign_in(page, "poor@example.com")
    page.get_by_test_id("approve").click()
    expect(page.get_by_test_id("error")).to_contain_text("Please choose another way to pay.")


def test_with_the_keyboard(open_store: Callable[[], StorePage]) -> None:
    visited = open_store()
    visited.page.get_by_label("Jars").focus()
    visited.page.keyboard.press("Tab")
    expect(visited.button).to_be_focused()
    with visited.page.expect_popup() as opened:
        visited.page.keyboard.press("Enter")
    expect(opened.value.get_by_test_id("email")).to_be_visible()


def test_an_order_that_cannot_be_made_is_told_and_the_pop_up_closed(open_store: Callable[[], StorePage]) -> None:
    visited = open_store()
    visited.page.route("**/orders", lambda route: route.fulfill(status=422, json={"issue": "SOLD_OUT"}))
    with visited.page.expect_popup() as opened:
        visited.button.click()
    if not opened.value.is_closed():
        opened.value.wait_for_event("close")
    expect(visited.notice).to_have_text("The payment did not work: SOLD_OUT")


def test_a_stranger_cannot_have_its_visitor_pay_with_one_click(
    open_store: Callable[[], StorePage], store: Store, shop: Shop, stranger: Stranger
) -> None:
    """Its page opens the store's order in a pop-up, claims the store's origin or its own, and sends what the store's page would send."""
    visited = open_store()
    pay_first(visited, "funding-balance")
    page = visited.page.context.new_page()
    for claimed in (store.url, stranger.url):
        order = shop.order(return_url=f"{store.url}/return")
        stranger.page = f"""<button>Win!</button><script>
          document.querySelector("button").onclick = () => {{
            const popup = open("{shop.url}/checkoutnow?token={order}&origin={claimed}", "", "popup");
            setInterval(() => popup.postMessage({{type: "farthing.pay", orderID: "{order}"}}, "*"), 20);
          }};
          window.heard = []; addEventListener("message", (event) => heard.push(event.data));
        </script>"""
        page.goto(stranger.url)
        with page.expect_popup() as opened:
            page.get_by_role("button").click()
        expect(opened.value.get_by_test_id("approve")).to_be_visible()
        page.wait_for_timeout(1000)
        assert shop.status(order) == "CREATED"
        assert page.evaluate("heard") == []
        opened.value.close()


def test_the_store_does_not_believe_a_stranger_in_the_pop_up(open_store: Callable[[], StorePage], stranger: Stranger) -> None:
    visited = open_store()
    with visited.page.expect_popup() as opened:
        visited.button.click()
    popup = opened.value
    expect(popup.get_by_test_id("email")).to_be_visible()
    order = urlsplit(popup.url).path.rpartition("/")[2]
    stranger.page = f"""<p>Hello</p><script>opener.postMessage({{type: "farthing.approved", orderID: "{order}"}}, "*");</script>"""
    popup.evaluate("(url) => { location.href = url; }", stranger.url)
    expect(popup.get_by_text("Hello")).to_be_visible()
    becomes(visited.page, visited.messages, [[stranger.url, {"type": "farthing.approved", "orderID": order}]])
    expect(visited.notice).to_have_text("")


class TestTheInterface:
    """What stores find in the script, by its documented names."""

    def load(self, page: Page, url: str, query: str, **attributes: str) -> None:
        tags = " ".join(f'{name.replace("_", "-")}="{value}"' for name, value in attributes.items())
        page.set_content(f'<div id="place"></div><script src="{url}/sdk/js?{query}" {tags}></script>')

    def test_components_and_namespace(self, visit: Visit, shop: Shop) -> None:
        page = visit().new_page()
        query = "client-id=x&currency=USD&intent=capture&components=buttons,marks,messages"
        self.load(page, shop.url, query, data_namespace="payments")
        found = page.evaluate("[typeof window.paypal, ...['Buttons', 'Marks', 'Messages'].map((name) => typeof payments[name])]")
        assert found == ["undefined", "function", "function", "function"]
        assert page.evaluate("payments.version").startswith("5.")
        self.load(page, shop.url, "client-id=x")
        assert page.evaluate("[typeof paypal.Buttons, typeof paypal.Marks]") == ["function", "undefined"]

    def test_funding(self, visit: Visit, shop: Shop) -> None:
        page = visit().new_page()
        self.load(page, shop.url, "client-id=x&components=buttons,marks")
        assert page.evaluate("paypal.getFundingSources()") == ["paypal"]
        assert page.evaluate("[paypal.FUNDING.PAYPAL, paypal.FUNDING.CARD].map(paypal.isFundingEligible)") == [True, False]
        ask = "(fundingSource) => [paypal.Buttons({fundingSource}).isEligible(), paypal.Marks({fundingSource}).isEligible()]"
        assert [page.evaluate(ask, source) for source in ("paypal", "venmo")] == [[True, True], [False, False]]

    def test_render_and_close(self, visit: Visit, shop: Shop) -> None:
        page = visit().new_page()
        self.load(page, shop.url, "client-id=x")
        page.evaluate("window.buttons = paypal.Buttons({style: {label: 'checkout', shape: 'pill', height: 40, color: 'black'}}); 0")
        page.evaluate("buttons.render('#place')")
        button = page.get_by_role("button", name="Check out with Farthing")
        expect(button).to_have_css("border-radius", "999px")
        expect(button).to_have_css("min-height", "40px")
        assert "already" in page.evaluate("buttons.render('#place').catch((error) => error.message)")
        page.evaluate("buttons.close()")
        expect(button).to_have_count(0)
        assert "#nowhere" in page.evaluate("paypal.Buttons().render('#nowhere').catch((error) => error.message)")

    def test_on_click_may_refuse(self, visit: Visit, shop: Shop) -> None:
        page = visit().new_page()
        self.load(page, shop.url, "client-id=x")
        page.evaluate(
            """paypal.Buttons({
              onInit: (data, actions) => { window.actions = actions; },
              onClick: (data, actions) => actions.reject(),
              createOrder: () => { window.created = true; },
            }).render(document.querySelector('#place'))"""
        )
        button = page.get_by_role("button")
        button.click()
        page.wait_for_timeout(200)
        assert (page.evaluate("window.created"), len(page.context.pages)) == (None, 1)
        page.evaluate("actions.disable()")
        expect(button).to_be_disabled()
        page.evaluate("actions.enable()")
        expect(button).to_be_enabled()

    def test_what_needs_the_apps_secret_says_so(self, visit: Visit, shop: Shop) -> None:
        page = visit().new_page()
        self.load(page, shop.url, "client-id=x")
        page.evaluate(
            """paypal.Buttons({
              createOrder: (data, actions) => actions.order.create({}),
              onError: (error) => { window.told = error.message; },
            }).render('#place')"""
        )
        page.get_by_role("button").click()
        becomes(page, lambda: page.evaluate("window.told && window.told.split(' ')[0]"), "actions.order.create()")
