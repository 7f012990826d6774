"""A store's backend with a buyer of its own: nobody else's wallet changes by what it sells."""

from __future__ import annotations

import json
import uuid
from typing import Any

import httpx2

from tests.benchmarks.load import BODY
from tests.cluster.exact.shopper import SEED_APP
from tests.cluster.load import URL

TO_HOLD = json.dumps({**json.loads(BODY), "intent": "AUTHORIZE"}).encode()  # the amount is held until somebody captures it


class Refused(Exception):
    """The platform answered something else than what was asked for."""


class Store:
    """Each call is one request and its answer; `good` reads it.

    `traced`: every request is sampled, whatever the ratio. `timeout`: seconds.
    """

    def __init__(self, operator: str, url: str = URL, *, traced: bool = False, timeout: float = 40) -> None:
        self._http = httpx2.Client(base_url=url, timeout=timeout, headers={"farthing-trace": "1"} if traced else {})
        self._operator = {"authorization": f"Bearer {operator}"} if operator else {}
        self._app = {"authorization": f"Bearer {good(self.token())['access_token']}", "prefer": "return=representation"}
        self.buyer = f"shop-{uuid.uuid4().hex[:12]}@example.com"
        good(self.operate("POST", "accounts", {"email": self.buyer, "kind": "personal", "country": "US"}))
        good(self.operate("POST", f"accounts/{self.buyer}/fund", {"currency_code": "USD", "value": "10000.00"}))

    def close(self) -> None:
        self._http.close()

    def token(self) -> httpx2.Response:
        return self._http.post("/v1/oauth2/token", data={"grant_type": "client_credentials"}, auth=SEED_APP)

    def create(self, body: bytes = BODY) -> httpx2.Response:
        return self.send("/v2/checkout/orders", body)

    def page(self, order: str) -> httpx2.Response:
        """The approval page, as the buyer's browser opens it."""
        return self._http.get("/checkoutnow", params={"token": order})

    def approve(self, order: str) -> httpx2.Response:
        return self.operate("POST", f"orders/{order}/approve", {"buyer": self.buyer})

    def capture(self, order: str) -> httpx2.Response:
        return self.send(f"/v2/checkout/orders/{order}/capture", b"{}")

    def authorize(self, order: str) -> httpx2.Response:
        return self.send(f"/v2/checkout/orders/{order}/authorize", b"{}")

    def refund(self, capture: str) -> httpx2.Response:
        return self.send(f"/v2/payments/captures/{capture}/refund", b"{}")

    def show(self, path: str) -> httpx2.Response:
        """`path`: below the API's root, as `/v2/payments/captures/ID`."""
        return self._http.get(path, headers=self._app)

    def send(self, path: str, body: bytes, method: str = "POST") -> httpx2.Response:
        headers = {**self._app, "content-type": "application/json", "paypal-request-id": uuid.uuid4().hex}
        return self._http.request(method, path, content=body, headers=headers)

    def operate(self, method: str, path: str, body: Any = None) -> httpx2.Response:
        """The control API."""
        return self._http.request(method, f"/_farthing/{path}", json=body, headers=self._operator)

    def approved(self, body: bytes = BODY) -> str:
        """A new order that its buyer has approved. Raises Refused."""
        order = str(good(self.create(body))["id"])
        good(self.approve(order))
        return order


def good(answer: httpx2.Response) -> Any:
    """What it says, as JSON; None for an empty answer. Raises Refused."""
    if answer.status_code not in {200, 201, 204}:
        raise Refused(f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text[:300]}")
    return answer.json() if answer.content else None


def capture_of(paid: Any) -> str:
    """The id of an order's first capture."""
    return str(paid["purchase_units"][0]["payments"]["captures"][0]["id"])
