"""What merchants and payers do, begun at one release and often gone on with at the other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.release.door import STRANGER, Door, Payer

ORDERS, PAYMENTS = "/v2/checkout/orders", "/v2/payments"
_CARD = {"name": "Bea Buyer", "number": "4012888888881881", "expiry": "2035-12", "security_code": "123"}
_KEPT = {"attributes": {"vault": {"store_in_vault": "ON_SUCCESS"}}}
_LOG_IN = {
    "client_id": "sandbox-client-id",
    "response_type": "code",
    "scope": "openid profile email",
    "redirect_uri": "https://shop.example/logged-in",
}


@dataclass(slots=True)
class Books:
    """What must be found at the end: captures in the ledger, and what the store must have been told."""

    let_honor_period_end: Callable[[str], Awaitable[None]]
    captures: set[str] = field(default_factory=set)
    told: set[tuple[str, str]] = field(default_factory=set)
    runs: int = 0

    def key(self, door: Door) -> str:
        self.runs += 1
        return f"{door.name}-{self.runs}"

    def captured(self, capture: dict[str, Any], value: str) -> str:
        assert (capture["status"], capture["amount"]) == ("COMPLETED", usd(value))
        self.captures.add(capture["id"])
        self.told.add(("PAYMENT.CAPTURE.COMPLETED", capture["id"]))
        return str(capture["id"])


Journey = Callable[[Door, Door, Books], Awaitable[None]]


async def checkout(door: Door, other: Door, books: Books) -> None:
    key = books.key(door)
    named = {"invoice_id": f"I-{key}", "custom_id": "C-0", "soft_descriptor": "STORE"}
    order = await door.order(key=key, unit=named)
    assert (await other.order(key=key, status=200, unit=named))["id"] == order["id"]
    path = f"{ORDERS}/{order['id']}"
    changed = [{"op": "replace", "path": "/purchase_units/@reference_id=='default'/custom_id", "value": "C-1"}]
    await other.ask("orders", "PATCH", path, changed, status=204)
    await door.approve(order)
    books.told.add(("CHECKOUT.ORDER.APPROVED", order["id"]))
    paid = await door.ask("orders", "POST", f"{path}/capture", {}, status=201, key=key)
    capture = books.captured(_payments(paid)["captures"][0], "100.00")
    again = await other.ask("orders", "POST", f"{path}/capture", {}, key=key)
    assert (again["id"], _payments(again)["captures"][0]["id"]) == (order["id"], capture)
    for reader in (door, other):
        shown = await reader.ask("orders", "GET", path)
        assert (shown["status"], shown["purchase_units"][0]["custom_id"]) == ("COMPLETED", "C-1")
        found = await reader.ask("payments", "GET", f"{PAYMENTS}/captures/{capture}")
        assert (found["status"], found.get("invoice_id"), found.get("custom_id")) == ("COMPLETED", named["invoice_id"], "C-1")
        assert found["seller_receivable_breakdown"]["paypal_fee"]["value"] == "3.98"
        assert found["payee"] == {"email_address": "store@example.com", "merchant_id": "STRE7X2KQ4M9W"}
    sent = {"capture_id": capture, "tracking_number": "443844607820", "carrier": "FEDEX"}
    await other.ask("orders", "POST", f"{path}/track", sent, status=201)
    await _give_back(door, other, books, capture)


async def _give_back(door: Door, other: Door, books: Books, capture: str) -> None:
    """A part, twice asked for at different releases; then the rest; then nothing is left."""
    path, key = f"{PAYMENTS}/captures/{capture}/refund", books.key(door)
    part = await door.ask("payments", "POST", path, {"amount": usd("3.00")}, status=201, key=key)
    assert (await other.ask("payments", "POST", path, {"amount": usd("3.00")}, key=key))["id"] == part["id"]
    rest = await other.ask("payments", "POST", path, {}, status=201, key=books.key(other))
    assert (part["status"], part["amount"], rest["amount"]) == ("COMPLETED", usd("3.00"), usd("97.00"))
    books.told |= {("PAYMENT.CAPTURE.REFUNDED", refund["id"]) for refund in (part, rest)}
    assert (await door.ask("payments", "GET", f"{PAYMENTS}/refunds/{rest['id']}"))["status"] == "COMPLETED"
    over = await door.ask("payments", "POST", path, {}, status=422)
    assert over["details"][0]["issue"] == "CAPTURE_FULLY_REFUNDED"


async def authorization(door: Door, other: Door, books: Books) -> None:
    key, order = books.key(door), await door.order("AUTHORIZE", unit={"payee": {"email_address": "store@example.com"}})
    await door.approve(order)
    path = f"{ORDERS}/{order['id']}/authorize"
    [held] = _payments(await door.ask("orders", "POST", path, {}, status=201, key=key))["authorizations"]
    assert _payments(await other.ask("orders", "POST", path, {}, key=key))["authorizations"][0]["id"] == held["id"]
    await books.let_honor_period_end(held["id"])
    root = f"{PAYMENTS}/authorizations"
    fresh = await other.ask("payments", "POST", f"{root}/{held['id']}/reauthorize", {"amount": usd("100.00")}, status=201)
    part = {"amount": usd("30.00")}
    taken = await door.ask("payments", "POST", f"{root}/{fresh['id']}/capture", part, status=201, key=books.key(door))
    books.captured(taken, "30.00")
    assert (await other.ask("payments", "GET", f"{root}/{held['id']}"))["status"] == "PARTIALLY_CAPTURED"
    assert (await other.ask("payments", "POST", f"{root}/{held['id']}/void"))["status"] == "VOIDED"
    books.told |= {("CHECKOUT.ORDER.APPROVED", order["id"]), ("PAYMENT.AUTHORIZATION.CREATED", held["id"])}
    books.told |= {("PAYMENT.AUTHORIZATION.CREATED", fresh["id"]), ("PAYMENT.AUTHORIZATION.VOIDED", held["id"])}


async def card(door: Door, other: Door, books: Books) -> None:
    """Kept at one release, used at the other; authorized, taken in part, given back, and refused by its bank."""
    paid = await door.order(key=books.key(door), source={"card": _CARD | _KEPT})
    books.captured(_payments(paid)["captures"][0], "100.00")
    kept = {"card": {"vault_id": paid["payment_source"]["card"]["attributes"]["vault"]["id"]}}
    again = await other.order(value="7.00", key=books.key(other), source=kept)
    assert again["payment_source"]["card"]["last_digits"] == "1881"
    capture = books.captured(_payments(again)["captures"][0], "7.00")
    await door.ask("payments", "POST", f"{PAYMENTS}/captures/{capture}/refund", {}, status=201, key=books.key(door))
    held = _payments(await door.order("AUTHORIZE", key=books.key(door), source=kept))["authorizations"][0]["id"]
    taken = {"amount": usd("30.00")}
    path = f"{PAYMENTS}/authorizations/{held}"
    books.captured(await other.ask("payments", "POST", f"{path}/capture", taken, status=201, key=books.key(other)), "30.00")
    assert (await door.ask("payments", "POST", f"{path}/void"))["status"] == "VOIDED"
    refused = await door.order(key=books.key(door), source={"card": _CARD | {"name": "CCREJECT-REFUSED"}})
    [declined] = _payments(refused)["captures"]
    assert (declined["status"], declined["processor_response"]["response_code"]) == ("DECLINED", "0500")
    books.captures.add(declined["id"])  # the audit looks at refused ones, too
    books.told.add(("PAYMENT.CAPTURE.DECLINED", declined["id"]))


async def refusals(door: Door, other: Door, books: Books) -> None:
    """What one release refuses, the other understands."""
    order = await door.order()
    await other.approve(order, "poor@example.com")
    books.told.add(("CHECKOUT.ORDER.APPROVED", order["id"]))
    for asked in (door, other):
        poor = await asked.ask("orders", "POST", f"{ORDERS}/{order['id']}/capture", {}, status=422)
        assert poor["details"][0]["issue"] == "INSTRUMENT_DECLINED"
        await asked.ask("orders", "GET", f"{ORDERS}/{order['id']}", status=404, app=STRANGER)
        await asked.operate("POST", f"/orders/{order['id']}/approve", {"buyer": "nobody@example.com"}, status=422)


async def payer_page(door: Door, other: Door, books: Books) -> None:
    order, payer = await other.order(), Payer(door)
    try:
        page = await payer.sign_in(await payer.open(f"/checkoutnow?token={order['id']}"))
        assert page.texts["payer"] == "buyer@example.com"
        page = await payer.sign_in(await payer.submit(page, "sign-out"))
        page = await payer.submit(page, "approve", funding="balance", one_click="yes")
        assert page.refresh is not None
        assert page.refresh.startswith("https://shop.example/return?")
    finally:
        await payer.close()
    books.told.add(("CHECKOUT.ORDER.APPROVED", order["id"]))
    paid = await door.ask("orders", "POST", f"{ORDERS}/{order['id']}/capture", {}, status=201, key=books.key(door))
    books.captured(_payments(paid)["captures"][0], "100.00")


async def log_in(door: Door, other: Door, books: Books) -> None:
    """The page of one release, the code exchanged and the profile shown at the other."""
    payer = Payer(door)
    try:
        page = await payer.sign_in(await payer.open(f"/connect?{urlencode(_LOG_IN | {'state': books.key(door)})}"))
        page = await payer.submit(page, "agree")
    finally:
        await payer.close()
    assert page.refresh is not None
    code = parse_qs(urlsplit(page.refresh).query)["code"][0]
    granted = await other.grant({"grant_type": "authorization_code", "code": code, "redirect_uri": _LOG_IN["redirect_uri"]})
    for asked in (door, other):
        assert (await asked.profile(granted["access_token"]))["email"] == "buyer@example.com"


async def operator(door: Door, other: Door, books: Books) -> None:
    """Everybody is asked for their health; somebody new is registered, given money, and pays."""
    health = await door.operate("GET", "/health")
    assert (health["status"], {one["status"] for one in health["components"].values()}) == ("up", {"up"})
    email, shop = f"{door.name}@example.com", f"shop-of-{door.name}@example.com"
    await door.operate("POST", "/accounts", {"email": email, "kind": "personal", "country": "US"}, status=201)
    await door.operate("POST", "/accounts", {"email": shop, "kind": "business", "country": "US"}, status=201)
    await door.operate("POST", f"/accounts/{email}/fund", {"currency_code": "USD", "value": "150.00"})
    app = await door.operate("POST", "/apps", {"account": shop}, status=201)
    assert {one["email"] for one in (await other.operate("GET", "/accounts"))["accounts"]} >= {email, shop}
    credentials = (app["client_id"], app["client_secret"])
    unit = {"amount": usd("100.00")}
    wanted = {"intent": "CAPTURE", "purchase_units": [unit]}
    order = await other.ask("orders", "POST", ORDERS, wanted, status=201, app=credentials)
    await other.approve(order, email)
    paid = await door.ask("orders", "POST", f"{ORDERS}/{order['id']}/capture", {}, status=201, app=credentials)
    books.captures.add(_payments(paid)["captures"][0]["id"])
    assert len((await door.operate("GET", f"/ledger/accounts?owner={order['purchase_units'][0]['payee']['merchant_id']}"))["accounts"]) > 0


def usd(value: str) -> dict[str, str]:
    return {"currency_code": "USD", "value": value}


def _payments(order: dict[str, Any]) -> Any:
    return order["purchase_units"][0]["payments"]
