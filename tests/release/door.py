"""One release as its merchants, payers and operator reach it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx2

from services.checkout.tests.conftest import Page
from tests.release.generations import OPERATOR

STORE = ("sandbox-client-id", "sandbox-client-secret")
STRANGER = ("other-client-id", "other-client-secret")
_ASKED_WITH_A_TOKEN = {
    "orders": "/v2/checkout/orders/NONE",
    "payments": "/v2/payments/captures/NONE",
    "webhooks": "/v1/notifications/webhooks",
}
_KEYS = 15.0  # seconds
_NOTHING: Mapping[str, object] = {}
_CONTEXT = {"return_url": "https://shop.example/return", "cancel_url": "https://shop.example/cancel", "user_action": "PAY_NOW"}


class Door:
    """Everything that comes in here is served by this release first."""

    def __init__(self, name: str, ports: Mapping[str, int], http: httpx2.AsyncClient) -> None:
        self.name, self._ports, self._http = name, ports, http
        self._bearers: dict[str, str] = {}

    def url(self, service: str) -> str:
        return f"http://127.0.0.1:{self._ports[service]}"

    async def ask(
        self, service: str, method: str, path: str, body: object = None, *, status: int = 200, key: str = "", app: tuple[str, str] = STORE
    ) -> Any:
        """The JSON answered to an app; the status must be as expected."""
        headers = {"authorization": f"Bearer {await self.token(app)}", "prefer": "return=representation"}
        return await self._exchange(service, method, path, body, status, headers | ({"paypal-request-id": key} if key else {}))

    async def open(self, *services: str) -> None:
        """Wait until these can check the tokens of apps: a service asks for keys it lacks once a second."""
        headers = {"authorization": f"Bearer {await self.token()}"}
        for service in services:
            address = self.url(service) + _ASKED_WITH_A_TOKEN[service]
            async with asyncio.timeout(_KEYS):
                while (await self._http.get(address, headers=headers)).status_code == 503:  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.2)

    async def operate(self, method: str, path: str, body: object = None, *, status: int = 200) -> Any:
        return await self._exchange("console", method, f"/_farthing{path}", body, status, {"authorization": f"Bearer {OPERATOR}"})

    async def token(self, app: tuple[str, str] = STORE) -> str:
        if app[0] not in self._bearers:
            self._bearers[app[0]] = (await self.grant({"grant_type": "client_credentials"}, app))["access_token"]
        return self._bearers[app[0]]

    async def grant(self, asked: Mapping[str, str], app: tuple[str, str] = STORE) -> Any:
        answer = await self._http.post(f"{self.url('identity')}/v1/oauth2/token", data=asked, auth=app)
        assert answer.status_code == 200, f"{self.name} identity: {answer.text}"
        return answer.json()

    async def profile(self, token: str) -> Any:
        return await self._exchange(
            "identity", "GET", "/v1/identity/oauth2/userinfo?schema=openid", None, 200, {"authorization": f"Bearer {token}"}
        )

    async def order(
        self,
        intent: str = "CAPTURE",
        value: str = "100.00",
        *,
        key: str = "",
        source: object = None,
        unit: Mapping[str, object] = _NOTHING,
        status: int = 201,
    ) -> Any:
        """`unit`: more of its only purchase unit."""
        body: dict[str, Any] = {"intent": intent, "purchase_units": [{"amount": {"currency_code": "USD", "value": value}, **unit}]}
        body |= {"application_context": _CONTEXT} if source is None else {"payment_source": source}
        return await self.ask("orders", "POST", "/v2/checkout/orders", body, status=status, key=key)

    async def approve(self, order: Mapping[str, Any], buyer: str = "buyer@example.com", funding: str = "balance") -> None:
        approved = await self.operate("POST", f"/orders/{order['id']}/approve", {"buyer": buyer, "funding": funding})
        assert approved["status"] == "APPROVED"

    async def _exchange(self, service: str, method: str, path: str, body: object, status: int, headers: Mapping[str, str]) -> Any:
        answer = await self._http.request(method, self.url(service) + path, json=body, headers=headers)
        assert answer.status_code == status, f"{self.name} {service}: {method} {path} answered {answer.status_code}: {answer.text}"
        return answer.json() if answer.content else None


class Payer:
    """Somebody with a browser without JavaScript, who does as the page of a door's checkout says."""

    def __init__(self, door: Door) -> None:
        self._base, self._http = door.url("checkout"), httpx2.AsyncClient(timeout=60)

    async def close(self) -> None:
        await self._http.aclose()

    async def open(self, path: str) -> Page:
        answer = await self._http.get(self._base + path)
        while answer.status_code == 303 and not urlsplit(answer.headers["location"]).netloc:
            answer = await self._http.get(self._base + answer.headers["location"])
        return Page(answer)

    async def submit(self, page: Page, step: str, **fields: str) -> Page:
        """Send the form whose address ends in `step`, with these fields over its own."""
        action, own = next(form for form in page.forms if urlsplit(form[0]).path.endswith(f"/{step}"))
        answer = await self._http.post(self._base + action, data=own | fields)
        assert answer.status_code in {200, 303}, answer.text
        return Page(answer) if answer.status_code == 200 else await self.open(answer.headers["location"])

    async def sign_in(self, page: Page) -> Page:
        return await self.submit(page, "sign-in", email="buyer@example.com", password="farthing")
