"""Which operations the official SDKs share with the platform, and what a run has seen of each: operation x SDK x {success, error}."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tests.clients.recorder import Exchange

SDKS = ("Python", "TypeScript")


@dataclass(frozen=True)
class Operation:
    """`python` is the SDK's attribute and method."""

    name: str
    method: str
    template: str
    python: str

    @property
    def typescript(self) -> str:
        """The same method's name in camel case."""
        controller, _, method = self.python.partition(".")
        return f"{controller}.{re.sub('_(.)', lambda found: found[1].upper(), method)}"

    def fits(self, exchange: Exchange) -> bool:
        pattern = "[^/]+".join(re.escape(part) for part in re.split(r"\{\w+\}", self.template))
        return exchange.method == self.method and bool(re.fullmatch(pattern, exchange.path.partition("?")[0]))


OPERATIONS = (
    Operation("token", "POST", "/v1/oauth2/token", "o_auth_authorization.request_token"),
    Operation("orders.create", "POST", "/v2/checkout/orders", "orders.create_order"),
    Operation("orders.get", "GET", "/v2/checkout/orders/{id}", "orders.get_order"),
    Operation("orders.patch", "PATCH", "/v2/checkout/orders/{id}", "orders.patch_order"),
    Operation("orders.confirm", "POST", "/v2/checkout/orders/{id}/confirm-payment-source", "orders.confirm_order"),
    Operation("orders.authorize", "POST", "/v2/checkout/orders/{id}/authorize", "orders.authorize_order"),
    Operation("orders.capture", "POST", "/v2/checkout/orders/{id}/capture", "orders.capture_order"),
    Operation("orders.track.create", "POST", "/v2/checkout/orders/{id}/track", "orders.create_order_tracking"),
    Operation("orders.trackers.patch", "PATCH", "/v2/checkout/orders/{id}/trackers/{tracker}", "orders.update_order_tracking"),
    Operation("authorizations.get", "GET", "/v2/payments/authorizations/{id}", "payments.get_authorized_payment"),
    Operation("authorizations.capture", "POST", "/v2/payments/authorizations/{id}/capture", "payments.capture_authorized_payment"),
    Operation("authorizations.reauthorize", "POST", "/v2/payments/authorizations/{id}/reauthorize", "payments.reauthorize_payment"),
    Operation("authorizations.void", "POST", "/v2/payments/authorizations/{id}/void", "payments.void_payment"),
    Operation("captures.get", "GET", "/v2/payments/captures/{id}", "payments.get_captured_payment"),
    Operation("captures.refund", "POST", "/v2/payments/captures/{id}/refund", "payments.refund_captured_payment"),
    Operation("refunds.get", "GET", "/v2/payments/refunds/{id}", "payments.get_refund"),
)


@dataclass(frozen=True)
class Row:
    """What one SDK was answered to one operation: each status, of errors with the issue too."""

    sdk: str
    operation: str
    successes: tuple[str, ...]
    errors: tuple[str, ...]

    @property
    def empty(self) -> list[str]:
        cells = {"success": self.successes, "error": self.errors}
        return [f"{self.sdk} {self.operation} {name}" for name, seen in cells.items() if not seen]


def rows(sdk: str, exchanges: Iterable[Exchange]) -> list[Row]:
    seen = list(exchanges)
    return [_row(sdk, operation, [exchange for exchange in seen if operation.fits(exchange)]) for operation in OPERATIONS]


def markdown(seen: Mapping[str, list[Exchange]]) -> str:
    """The whole table; a cell that nothing filled says so."""
    lines = ["| operation | " + " | ".join(f"{sdk} success | {sdk} error" for sdk in SDKS) + " |", "|---" * (1 + 2 * len(SDKS)) + "|"]
    for columns in zip(*(rows(sdk, seen.get(sdk, [])) for sdk in SDKS), strict=True):
        cells = [
            ", ".join(cell) or ("EMPTY" if seen.get(row.sdk) else "not run") for row in columns for cell in (row.successes, row.errors)
        ]
        lines.append(f"| {columns[0].operation} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _row(sdk: str, operation: Operation, exchanges: list[Exchange]) -> Row:
    successes = {str(exchange.status) for exchange in exchanges if 200 <= exchange.status < 300}
    errors = {f"{exchange.status} {issue}" for exchange in exchanges if exchange.status >= 400 and (issue := _issue(exchange))}
    return Row(sdk, operation.name, tuple(sorted(successes)), tuple(sorted(errors)))


def _issue(exchange: Exchange) -> str:
    """The most exact word that the error has for itself; nothing when it is no error of ours but, say, a gateway's page."""
    try:
        body = json.loads(exchange.body)
        details = body.get("details") or [{}]
        return str(details[0].get("issue") or body.get("error") or body["name"])
    except (ValueError, AttributeError, LookupError):
        return ""
