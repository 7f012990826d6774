"""What fails while a service is away: every operation tried with things that were made before, and how it was refused."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import httpx2

from tests.benchmarks.load import BODY
from tests.cluster.exact.shopper import CARD_BODY, SEED_APP
from tests.cluster.load import URL

# By operation: without whom it cannot be done. Whoever is not named here must not be missed.
NEEDS: dict[str, frozenset[str]] = {
    "token": frozenset({"identity"}),
    "create order": frozenset({"orders", "merchants"}),
    "show order": frozenset({"orders", "payments"}),
    "approve": frozenset({"console", "orders", "accounts"}),
    "capture": frozenset({"orders", "payments", "ledger", "merchants"}),
    "pay by card": frozenset({"orders", "vault", "payments", "processor", "ledger", "merchants"}),
    "show capture": frozenset({"payments"}),
    "refund": frozenset({"payments", "ledger", "merchants"}),
    "list webhooks": frozenset({"webhooks"}),
    "approval page": frozenset({"checkout", "orders", "accounts", "merchants"}),  # whose name it shows; orders remembers it
}
# What must fail when the service is away, since it serves it itself.
OWNED: dict[str, str] = {
    "token": "identity",
    "create order": "orders",
    "show order": "orders",
    "approve": "console",
    "capture": "orders",
    "pay by card": "orders",
    "show capture": "payments",
    "refund": "payments",
    "list webhooks": "webhooks",
    "approval page": "checkout",
}
# The operations of the exact client, in these words.
OF_CLIENT = {
    "token": "token",
    "create": "create order",
    "get": "show order",
    "approve": "approve",
    "capture": "capture",
    "card": "pay by card",
    "webhooks": "list webhooks",
    "page": "approval page",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an operation went: its status (0: no answer), and for a failure what its answer lacks of PayPal's way to say it."""

    operation: str
    status: int
    lacks: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        return self.status == 0 or self.status >= 400


class Shop:
    """Orders and captures made while all is well, to be used while it is not. Its buyer is its own: nobody else's wallet changes."""

    CAPTURES = 2  # at most, by all its tries

    def __init__(self, operator: str, url: str = URL) -> None:
        self._http = httpx2.Client(base_url=url, timeout=40)
        self._operator = {"authorization": f"Bearer {operator}"} if operator else {}
        self._app = {"authorization": f"Bearer {self._token().json()['access_token']}", "prefer": "return=representation"}
        self._buyer = f"shop-{uuid.uuid4().hex[:12]}@example.com"
        self._good(self._operate("accounts", {"email": self._buyer, "kind": "personal", "country": "US"}))
        self._good(self._operate(f"accounts/{self._buyer}/fund", {"currency_code": "USD", "value": "1000.00"}))
        self.created, self.approved, self.captured = self._order(), self._order(), self._order()
        self._good(self._approve(self.approved))
        self._good(self._approve(self.captured))
        paid = self._good(self._capture(self.captured))
        self.capture = str(paid["purchase_units"][0]["payments"]["captures"][0]["id"])

    def close(self) -> None:
        self._http.close()

    def tries(self) -> dict[str, Callable[[], httpx2.Response]]:
        """Every operation, each able to be done at once."""
        return {
            "token": self._token,
            "create order": lambda: self._post("/v2/checkout/orders", BODY),
            "show order": lambda: self._http.get(f"/v2/checkout/orders/{self.captured}", headers=self._app),
            "approve": lambda: self._approve(self.created),
            "capture": lambda: self._capture(self.approved),
            "pay by card": lambda: self._post("/v2/checkout/orders", CARD_BODY),
            "show capture": lambda: self._http.get(f"/v2/payments/captures/{self.capture}", headers=self._app),
            "refund": lambda: self._post(f"/v2/payments/captures/{self.capture}/refund", b"{}"),
            "list webhooks": lambda: self._http.get("/v1/notifications/webhooks", headers=self._app),
            "approval page": lambda: self._http.get("/checkoutnow", params={"token": self.created}),
        }

    def outcomes(self) -> dict[str, Outcome]:
        return {operation: _outcome(operation, send) for operation, send in self.tries().items()}

    def _token(self) -> httpx2.Response:
        return self._http.post("/v1/oauth2/token", data={"grant_type": "client_credentials"}, auth=SEED_APP)

    def _order(self) -> str:
        return str(self._good(self._post("/v2/checkout/orders", BODY))["id"])

    def _approve(self, order: str) -> httpx2.Response:
        return self._operate(f"orders/{order}/approve", {"buyer": self._buyer})

    def _operate(self, path: str, body: dict[str, str]) -> httpx2.Response:
        return self._http.post(f"/_farthing/{path}", json=body, headers=self._operator)

    def _capture(self, order: str) -> httpx2.Response:
        return self._post(f"/v2/checkout/orders/{order}/capture", b"{}")

    def _post(self, path: str, body: bytes) -> httpx2.Response:
        headers = {**self._app, "content-type": "application/json", "paypal-request-id": uuid.uuid4().hex}
        return self._http.post(path, content=body, headers=headers)

    def _good(self, answer: httpx2.Response) -> Any:
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()


def _outcome(operation: str, send: Callable[[], httpx2.Response]) -> Outcome:
    try:
        answer = send()
    except httpx2.TransportError:
        return Outcome(operation, 0, ("an answer",))
    if answer.status_code < 400:
        return Outcome(operation, answer.status_code)
    return Outcome(operation, answer.status_code, tuple(_lacks(operation, answer)))


def _lacks(operation: str, answer: httpx2.Response) -> Iterable[str]:
    """A page is for people: it needs no envelope."""
    if answer.status_code != 503:
        yield "503"
    if not answer.headers.get("retry-after", "").isdigit():
        yield "Retry-After"
    if operation == "approval page":
        return
    try:
        said = answer.json()
    except json.JSONDecodeError:
        said = None
    if not isinstance(said, dict) or not ({"name", "message", "debug_id"} <= said.keys() or "error" in said):
        yield "PayPal's envelope"


def table(by_service: dict[str, dict[str, Outcome]]) -> str:
    """Markdown: services that were away by operations; what failed, and how."""
    lines = ["| away | " + " | ".join(NEEDS) + " |", "|---|" + "---|" * len(NEEDS)]
    for service, outcomes in by_service.items():
        cells = [str(outcomes[name].status) if outcomes[name].failed else "" for name in NEEDS]
        lines.append(f"| {service} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
