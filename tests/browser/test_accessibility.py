"""What assistive technology is told, and whether one can read it."""

# ruff: noqa: RUF001 - texts stand here as the page shows them
from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.watch import Shop, sign_in

pytestmark = pytest.mark.needs_browser
Visit = Callable[..., BrowserContext]

SIGN_IN = """\
- note:
  - strong: Sandbox
  - text: No real money moves here.
- banner:
  - paragraph: Farthing
- main:
  - region "Pay Example Store":
    - heading "Pay Example Store" [level=1]
    - paragraph: 24.90 USD
    - table "What you pay for":
      - caption: What you pay for
      - rowgroup:
        - row "Item Price":
          - columnheader "Item"
          - columnheader "Price"
      - rowgroup:
        - row "2 × Coffee, whole beans 20.00 USD":
          - cell "2 × Coffee, whole beans"
          - cell "20.00 USD"
        - row "1 × Paper filters 4.90 USD":
          - cell "1 × Paper filters"
          - cell "4.90 USD"
  - region "Sign in to pay":
    - heading "Sign in to pay" [level=2]
    - text: E-mail address
    - textbox "E-mail address"
    - text: Password
    - textbox "Password"
    - button "Sign in"
    - paragraph:
      - link "Cancel and return to Example Store"
"""
APPROVE = """\
- main:
  - region "How do you want to pay?":
    - heading "How do you want to pay?" [level=2]
    - group "Pay with":
      - text: Pay with
      - radio "Farthing balance" [checked]
      - text: Farthing balance
      - radio "Visa ending in 1881 expires 12/2035"
      - text: Visa ending in 1881 expires 12/2035
    - checkbox "Next time, pay Example Store with one click in this browser, in the same way and without this page"
    - text: Next time, pay Example Store with one click in this browser, in the same way and without this page
    - button "Pay 24.90 USD"
    - paragraph:
      - link "Cancel and return to Example Store"
    - paragraph: Signed in as buyer@example.com
    - button "Use another account"
"""

# Contrast of every text with what lies behind it, by the formula of WCAG 2, section 1.4.3.
CONTRASTS = """() => {
  const channel = (value) => { const s = value / 255; return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4; };
  const colour = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const found = colour(getComputedStyle(at).backgroundColor);
      if (found.length === 3 || found[3] === 1) return found;
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = {};
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (text === "" || !element.checkVisibility()) continue;
    const [a, b] = [light(colour(getComputedStyle(element).color)), light(behind(element))].sort((x, y) => y - x);
    found[text] = (a + 0.05) / (b + 0.05);
  }
  return found;
}"""


def can_be_read(page: Page) -> None:
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        contrasts: dict[str, float] = page.evaluate(CONTRASTS)
        assert len(contrasts) > 5
        assert {text: ratio for text, ratio in contrasts.items() if ratio < 4.5} == {}, scheme


def test_names_roles_and_contrast(shop: Shop, visit: Visit) -> None:
    page = visit().new_page()
    page.goto(shop.approve_link(shop.order()))
    assert page.locator("html").get_attribute("lang") == "en"
    expect(page).to_have_title("Sign in to pay Example Store – Farthing")
    expect(page.locator("body")).to_match_aria_snapshot(SIGN_IN)
    can_be_read(page)
    sign_in(page, password="wrong")
    expect(page.get_by_role("alert")).to_be_visible()
    can_be_read(page)
    sign_in(page)
    expect(page).to_have_title("Pay Example Store – Farthing")
    expect(page.locator("body")).to_match_aria_snapshot(APPROVE)
    can_be_read(page)


def test_pages_about_problems(shop: Shop, visit: Visit) -> None:
    page = visit().new_page()
    page.goto(f"{shop.url}/checkoutnow?token=UNKNOWN")
    expect(page).to_have_title("We do not know this payment – Farthing")
    expect(page.get_by_role("alert")).to_contain_text("Please start again at the store.")
    can_be_read(page)
