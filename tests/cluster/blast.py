"""What fails while a service is away: every operation tried with things that were made before, and how it was refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import httpx2

from tests.cluster.exact.shopper import CARD_BODY
from tests.cluster.load import URL
from tests.cluster.store import Store, capture_of, good

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
    """Orders and captures made while all is well, to be used while it is not."""

    CAPTURES = 2  # at most, by all its tries

    def __init__(self, operator: str, url: str = URL, timeout: float = 40) -> None:
        self._store = store = Store(operator, url, timeout=timeout)
        self.created = str(good(store.create())["id"])
        self.approved, self.captured = store.approved(), store.approved()
        self.capture = capture_of(good(store.capture(self.captured)))

    def close(self) -> None:
        self._store.close()

    def tries(self) -> dict[str, Callable[[], httpx2.Response]]:
        """Every operation, each able to be done at once."""
        store = self._store
        return {
            "token": store.token,
            "create order": store.create,
            "show order": lambda: store.show(f"/v2/checkout/orders/{self.captured}"),
            "approve": lambda: store.approve(self.created),
            "capture": lambda: store.capture(self.approved),
            "pay by card": lambda: store.create(CARD_BODY),
            "show capture": lambda: store.show(f"/v2/payments/captures/{self.capture}"),
            "refund": lambda: store.refund(self.capture),
            "list webhooks": lambda: store.show("/v1/notifications/webhooks"),
            "approval page": lambda: store.page(self.created),
        }

    def outcomes(self) -> dict[str, Outcome]:
        return {operation: outcome(operation, send) for operation, send in self.tries().items()}


def outcome(operation: str, send: Callable[[], httpx2.Response]) -> Outcome:
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
