"""The approval page: without scripts, with a keyboard, on a phone, in trouble."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.watch import Shop, Stranger, becomes, sign_in

pytestmark = pytest.mark.needs_browser
Visit = Callable[..., BrowserContext]
BUYER = "BUYER3F6ZT8HC"


def arrives_at_the_store(page: Page, order: str) -> None:
    page.wait_for_url(f"http://shop.example/return?cart=7&token={order}&PayerID={BUYER}")


def test_the_whole_way_without_javascript(shop: Shop, visit: Visit, screenshot: Any) -> None:
    order = shop.order()
    page = visit(java_script_enabled=False, viewport={"width": 640, "height": 900}).new_page()
    page.goto(shop.approve_link(order))
    expect(page.get_by_test_id("sandbox-banner")).to_contain_text("No real money")
    expect(page.get_by_test_id("amount")).to_have_text("24.90 USD")
    screenshot(page, "sign-in")
    sign_in(page)
    expect(page.get_by_test_id("payer")).to_have_text("buyer@example.com")
    page.get_by_test_id("funding-card").check()
    screenshot(page, "approval")
    page.get_by_test_id("approve").click()
    arrives_at_the_store(page, order)
    assert shop.status(order) == "APPROVED"
    assert shop.capture(order) == "COMPLETED"


def test_the_whole_way_with_the_keyboard(shop: Shop, visit: Visit) -> None:
    order = shop.order()
    page = visit().new_page()
    page.goto(shop.approve_link(order))

    def go_to(testid: str) -> None:
        """Press Tab until it has the focus; one must see each place on the way."""
        for _ in range(20):
            page.keyboard.press("Tab")
            focused, outline = page.evaluate(
                "[document.activeElement.dataset.testid, getComputedStyle(document.activeElement).outlineStyle]"
            )
            assert outline == "solid", focused
            if focused == testid:
                return
        pytest.fail(f"{testid} cannot be reached with the keyboard")

    go_to("email")
    page.keyboard.type("buyer@example.com")
    go_to("password")
    page.keyboard.type("farthing")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("payer")).to_be_visible()
    go_to("funding-balance")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_test_id("funding-card")).to_be_checked()
    go_to("one-click")
    page.keyboard.press("Space")
    expect(page.get_by_test_id("one-click")).to_be_checked()
    go_to("approve")
    page.keyboard.press("Enter")
    arrives_at_the_store(page, order)
    assert shop.status(order) == "APPROVED"


def test_on_a_phone(shop: Shop, visit: Visit) -> None:
    order = shop.order(brand_name="A store with a very long name " + "x" * 60)
    page = visit(viewport={"width": 320, "height": 568}, has_touch=True, is_mobile=True, device_scale_factor=2).new_page()
    page.goto(shop.approve_link(order))
    for step in ("sign-in", "approve"):
        assert page.evaluate("document.documentElement.scrollWidth") == 320
        for control in page.locator("button.primary, input:not([type=hidden]):not([type=radio]):not([type=checkbox]), label.choice").all():
            box = control.bounding_box()
            assert box is not None
            assert box["height"] >= 44, control.inner_html()
        if step == "sign-in":
            sign_in(page)
            expect(page.get_by_test_id("payer")).to_be_visible()
    page.get_by_test_id("approve").tap()
    arrives_at_the_store(page, order)


def test_a_wrong_password_is_told_where_one_looks(shop: Shop, visit: Visit) -> None:
    page = visit().new_page()
    page.goto(shop.approve_link(shop.order()))
    sign_in(page, password="wrong")
    expect(page.get_by_role("alert")).to_have_text("The e-mail address or the password is wrong.")
    expect(page.get_by_test_id("email")).to_have_value("buyer@example.com")
    expect(page.get_by_test_id("password")).to_be_focused()
    expect(page.get_by_test_id("password")).to_have_accessible_description("The e-mail address or the password is wrong.")
    page.get_by_test_id("password").fill("farthing")
    page.get_by_test_id("sign-in").click()
    expect(page.get_by_test_id("payer")).to_be_visible()


def test_cancelling(shop: Shop, visit: Visit) -> None:
    order = shop.order()
    page = visit(java_script_enabled=False).new_page()
    page.goto(shop.approve_link(order))
    page.get_by_test_id("cancel").click()
    page.wait_for_url(f"http://shop.example/cancel?token={order}")
    assert shop.status(order) == "CREATED"


def test_an_expired_order(shop: Shop, visit: Visit) -> None:
    order = shop.order()
    link = shop.approve_link(order)
    shop.control("clock/advance", {"by": "PT4H"})
    page = visit().new_page()
    page.goto(link)
    expect(page.get_by_role("heading", level=1)).to_have_text("This payment has expired")
    page.get_by_test_id("return-link").click()
    page.wait_for_url(f"http://shop.example/cancel?token={order}")


def test_a_form_without_its_token_is_refused(shop: Shop, visit: Visit) -> None:
    order = shop.order()
    page = visit().new_page()
    page.goto(shop.approve_link(order))
    sign_in(page)
    page.locator("#approve input[name=csrf]").evaluate("field => field.remove()")
    page.get_by_test_id("approve").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Please try again")
    assert shop.status(order) == "CREATED"
    page.get_by_test_id("again").click()
    page.get_by_test_id("approve").click()
    arrives_at_the_store(page, order)


def test_a_strangers_page_cannot_send_the_form(shop: Shop, visit: Visit, stranger: Stranger) -> None:
    """It posts to us with the payer's cookies, as far as the browser lets it, and a guess of the token."""
    order = shop.order()
    page = visit().new_page()
    page.goto(shop.approve_link(order))
    sign_in(page)
    expect(page.get_by_test_id("payer")).to_be_visible()
    stranger.page = f'<form method="post" action="{shop.url}/checkout/orders/{order}/approve">'
    stranger.page += '<input name="funding" value="balance"><button>Win!</button></form>'
    page.goto(stranger.url)
    page.get_by_role("button").click()
    page.wait_for_url(f"{shop.url}/**")
    assert shop.status(order) == "CREATED"


def test_a_strangers_page_cannot_frame_it(shop: Shop, visit: Visit, stranger: Stranger) -> None:
    harmless = f"{shop.url}/sdk/js?client-id=x"
    stranger.page = f'<iframe src="{shop.approve_link(shop.order())}"></iframe><iframe src="{harmless}"></iframe>'
    page = visit(complaint="frame-ancestors 'none'").new_page()
    page.goto(stranger.url)
    becomes(page, lambda: [frame.url for frame in page.frames[1:]], ["chrome-error://chromewebdata/", harmless])


def test_another_account_can_be_used(shop: Shop, visit: Visit) -> None:
    page = visit().new_page()
    page.goto(shop.approve_link(shop.order()))
    sign_in(page)
    page.get_by_test_id("sign-out").click()
    sign_in(page, "poor@example.com")
    expect(page.get_by_test_id("payer")).to_have_text("poor@example.com")
