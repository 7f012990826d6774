"""Orders with the services it calls, all real, and the requests of two stores and two payers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from httpx2 import Response

from farthing.clients.ledger.client import LedgerClient
from farthing.clients.ledger.models import FUNDING, WALLET, AccountName, Leg, Posting
from farthing.clients.orders.client import OrdersClient
from farthing.clients.orders.models import Approval
from tests.single import Single, StartSingle

STORE, OTHER = "STRE7X2KQ4M9W", "THER5J8WD3NPX"
BUYER, POOR = "BUYER3F6ZT8HC", "PPRY4R9SV2LBX"
PATH = "/v2/checkout/orders"
SCOPE = "payments/payment"


def usd(value: str) -> dict[str, str]:
    return {"currency_code": "USD", "value": value}


def unit(value: str = "100.00", **more: Any) -> dict[str, Any]:
    return {"amount": usd(value), **more}


def order(*units: dict[str, Any], intent: str = "CAPTURE", **more: Any) -> dict[str, Any]:
    return {"intent": intent, "purchase_units": list(units) or [unit()], **more}


@dataclass
class Shop:
    """A running orders service, asked as an app of a store asks it."""

    orders: Single

    def headers(self, app: str = STORE, **more: str) -> dict[str, str]:
        client_id = "sandbox-client-id" if app == STORE else "other-client-id"
        return {**self.orders.bearer(client_id, app, SCOPE), **{name.replace("_", "-"): value for name, value in more.items()}}

    async def post(self, path: str, json: Any = None, app: str = STORE, **headers: str) -> Response:
        """Also without a body it says that it is JSON, as every client of PayPal's does."""
        headers = {"content_type": "application/json", **headers}
        return await self.orders.http.post(f"{PATH}{path}", json=json, headers=self.headers(app, **headers))

    async def create(self, *units: dict[str, Any], **more: Any) -> dict[str, Any]:
        answer = await self.post("", order(*units, **more), prefer="return=representation")
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def get(self, order_id: str, app: str = STORE) -> Response:
        return await self.orders.http.get(f"{PATH}/{order_id}", headers=self.headers(app))

    async def patch(self, order_id: str, *patches: dict[str, Any], app: str = STORE) -> Response:
        return await self.orders.http.patch(f"{PATH}/{order_id}", json=list(patches), headers=self.headers(app))

    async def approve(self, order_id: str, payer: str = BUYER, **more: Any) -> dict[str, Any]:
        return await self.orders.client(OrdersClient).approve(order_id, Approval(account_id=payer, **more))

    async def approved(self, *units: dict[str, Any], **more: Any) -> str:
        order_id: str = (await self.create(*units, **more))["id"]
        await self.approve(order_id)
        return order_id

    async def capture(self, order_id: str, app: str = STORE, json: Any = None, **headers: str) -> Response:
        return await self.post(f"/{order_id}/capture", json, app, **headers)

    async def balance(self, owner: str, currency: str = "USD") -> int:
        """What is available in a wallet, in minor units."""
        found = await self.orders.beside["ledger"].client(LedgerClient).balances(owner)
        return sum(line.available for line in found.balances if line.kind == WALLET and line.currency == currency)

    async def events(self) -> list[str]:
        """The types of everything told so far."""
        await self.orders.running.worker.drain()
        return [event.type for event in self.orders.events]

    async def count(self, table: str) -> int:
        row = await self.orders.database.row(f"SELECT count(1) AS n FROM {table}")
        assert row is not None
        return int(row["n"])


AROUND = ("ledger", "processor", "accounts", "merchants", "payments", "vault")


@pytest.fixture
async def shop(single: StartSingle) -> Shop:
    """A buyer with money, one without, two stores."""
    orders = await single("orders", *AROUND)
    for currency in ("USD", "EUR", "JPY"):
        wallet = AccountName(owner=BUYER, kind=WALLET, currency=currency)
        source = AccountName(owner="sandbox", kind=FUNDING, currency=currency)
        leg = Leg(debit=source, credit=wallet, amount=10**9)
        await orders.beside["ledger"].client(LedgerClient).post(Posting(id=f"test.fund.{currency}", kind="fund", legs=(leg,)))
    return Shop(orders)


def issues(answer: Response) -> list[str]:
    return [detail["issue"] for detail in answer.json()["details"]]


def links(document: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {link["rel"]: (link["method"], link["href"]) for link in document["links"]}
