"""PayPal's own loader, unmodified, finds the buttons here."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.store import ROOT
from tests.browser.watch import Shop, Stranger, sign_in

pytestmark = [pytest.mark.needs_browser, pytest.mark.needs_node]
LOCKED = ROOT / "services/checkout/tests/types"


@pytest.fixture(scope="module")
def loader(tmp_path_factory: pytest.TempPathFactory) -> str:
    """@paypal/paypal-js as a script for pages, in the version that the types come from."""
    home = tmp_path_factory.mktemp("loader")
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(LOCKED / name, home)
    done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=home, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return (Path(home) / "node_modules/@paypal/paypal-js/dist/iife/paypal-js.js").read_text()


def test_the_loader_of_paypal_loads_the_buttons(visit: Callable[..., BrowserContext], shop: Shop, stranger: Stranger, loader: str) -> None:
    order = shop.order()
    page = visit().new_page()
    stranger.page = '<div id="place"></div>'
    page.goto(stranger.url)
    page.add_script_tag(content=loader)
    page.evaluate(
        """async ([sdkBaseUrl, order]) => {
          const options = {clientId: "sandbox-client-id", sdkBaseUrl, currency: "USD", components: ["buttons"], dataNamespace: "loaded"};
          const paypal = await paypalLoadScript(options);
          window.same = paypal === window.loaded;
          await paypal.Buttons({
            createOrder: async () => order,
            onApprove: async (data) => { window.approved = data; },
          }).render("#place");
        }""",
        [f"{shop.url}/sdk/js", order],
    )
    assert page.evaluate("same") is True
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Pay with Farthing").click()
    sign_in(opened.value)
    opened.value.get_by_test_id("approve").click()
    page.wait_for_function("window.approved !== undefined")
    assert page.evaluate("approved.orderID") == order
    assert shop.status(order) == "APPROVED"
    expect(page.get_by_role("button")).to_be_enabled()
