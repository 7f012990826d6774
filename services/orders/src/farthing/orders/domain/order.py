"""An order, and how the public API shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from farthing.orders.domain.states import Intent, Status
from farthing.orders.domain.totals import Json

TO_APPROVE: Final = timedelta(hours=3)
TO_PAY: Final = timedelta(hours=3)
# How long an expired order is remembered, so that whoever comes late learns why.
REMEMBERED: Final = timedelta(hours=72)
# By reference id: authorizations, captures and refunds as payments shows them.
Payments = Mapping[str, Mapping[str, Any]]


# What a wallet's source tells of its owner once he has approved.
_PAYER_FACTS: Final = frozenset(
    {"email_address", "account_id", "account_status", "name", "address", "phone_number", "birth_date", "tax_info"}
)


@dataclass(slots=True)
class Order:
    """One order.

    `merchant` is the account it was made for, `creator` that of the app that made it. `document` is what answers show besides status, times
    and links; `context` what only the approval page needs; `funding` how it will be paid, once that is known (see `operations.funding`).
    `payment_key` is the key of its payment, the same for every attempt: whoever makes it, and however often, it is made once. While it is
    `paying`, `paying_request` and `paying_print` are the idempotency record that success will leave, and `before` is what the order goes
    back to should the payment be refused. `version` changes with every change.
    """

    id: str
    client_id: str
    creator: str
    merchant: str
    intent: Intent
    status: Status
    document: Json
    context: Json
    created: datetime
    updated: datetime
    expires: datetime
    payment_key: str
    funding: Json | None = None
    vaulted: str | None = None
    paying: bool = False
    paying_request: str | None = None
    paying_print: str = ""
    before: Json | None = None
    version: int = 1

    def expired(self, now: datetime) -> bool:
        """Whether its time is over and no payment is under way; a job makes that its status."""
        return self.status is Status.EXPIRED or (self.status is not Status.COMPLETED and not self.paying and self.expires <= now)

    @property
    def units(self) -> list[Json]:
        units: list[Json] = self.document["purchase_units"]
        return units

    @property
    def waits_for_payer(self) -> bool:
        return self.status in {Status.CREATED, Status.PAYER_ACTION_REQUIRED}


@dataclass(frozen=True, slots=True)
class Links:
    """Where an order's links lead."""

    public_url: str
    _words: Mapping[Intent, str] = field(default_factory=lambda: {Intent.CAPTURE: "capture", Intent.AUTHORIZE: "authorize"})

    def payer(self, order_id: str) -> str:
        """Where the payer approves."""
        return f"{self.public_url}/checkoutnow?token={order_id}"

    def of(self, order_id: str, status: Status, intent: Intent) -> list[Json]:
        """The links of section 7.3 of the wire contract, by status."""
        here = f"{self.public_url}/v2/checkout/orders/{order_id}"
        links = [_link(here, "self", "GET")]
        if status is Status.CREATED:
            links.append(_link(self.payer(order_id), "approve", "GET"))
        elif status is Status.PAYER_ACTION_REQUIRED:
            links.append(_link(self.payer(order_id), "payer-action", "GET"))
        if status in {Status.CREATED, Status.APPROVED}:
            word = self._words[intent]
            links += [_link(here, "update", "PATCH"), _link(f"{here}/{word}", word, "POST")]
        return links


def _link(href: str, rel: str, method: str) -> Json:
    return {"href": href, "rel": rel, "method": method}


def shown_status(order: Order, payments: Payments) -> Status:
    """VOIDED when an authorized order has nothing but voided authorizations."""
    if order.status is not Status.COMPLETED or order.intent is not Intent.AUTHORIZE:
        return order.status
    found = [document["status"] for of_unit in payments.values() for document in of_unit.get("authorizations") or ()]
    return Status.VOIDED if found and set(found) == {"VOIDED"} else order.status


def representation(order: Order, links: Links, payments: Payments | None = None) -> Json:
    """Everything (`Prefer: return=representation`)."""
    status = shown_status(order, payments or {})
    times = {"create_time": _wire_time(order.created), "update_time": _wire_time(order.updated)}
    shown: Json = {"id": order.id, "intent": order.intent, "status": status, **order.document, **times}
    shown["purchase_units"] = with_payments(order.units, payments)
    shown["links"] = links.of(order.id, status, order.intent)
    return shown


def lapsed(order: Order) -> Json:
    """What PayPal tells of an order whose approval went back: which one it was in the store's own words, and who was to pay."""
    names = ("reference_id", "custom_id", "invoice_id")
    units = [{name: unit[name] for name in names if unit.get(name) is not None} for unit in order.units]
    source = {"payment_source": order.document["payment_source"]} if order.document.get("payment_source") else {}
    return {"order_id": order.id, "purchase_units": units, **source, "create_time": _wire_time(order.created)}


def minimal(order: Order, links: Links) -> Json:
    """`Prefer: return=minimal`, before anything was paid."""
    shown: Json = {"id": order.id, "status": order.status}
    if order.status is not Status.CREATED and "payment_source" in order.document:
        shown["payment_source"] = order.document["payment_source"]
    shown["links"] = links.of(order.id, order.status, order.intent)
    return shown


def minimal_paid(order: Order, links: Links, payments: Payments) -> Json:
    """`Prefer: return=minimal` of an order that was paid: how, and what became of each unit.

    Nothing private of the payer: a store that does not ask for it (by return=representation, or by showing the order) never holds it.
    """
    status = shown_status(order, payments)
    shown: Json = {"id": order.id, "status": status}
    if "payment_source" in order.document:
        source = order.document["payment_source"]
        shown["payment_source"] = {kind: _without_payer(of_kind) if kind != "card" else of_kind for kind, of_kind in source.items()}
    payer = order.document.get("payer") or {}
    if "payer_id" in payer:
        shown["payer"] = {"payer_id": payer["payer_id"]}
    shown["purchase_units"] = with_payments([{"reference_id": unit["reference_id"]} for unit in order.units], payments)
    shown["links"] = links.of(order.id, status, order.intent)
    return shown


def _without_payer(source: Json) -> Json:
    return {name: value for name, value in source.items() if name not in _PAYER_FACTS}


def with_payments(units: Sequence[Json], payments: Payments | None) -> list[Json]:
    if not payments:
        return list(units)
    return [{**unit, "payments": payments[unit["reference_id"]]} if payments.get(unit["reference_id"]) else unit for unit in units]


def _wire_time(moment: datetime) -> str:
    """RFC 3339 with seconds and Z; the domain's own, since it cannot know the kit."""
    return f"{moment.astimezone(UTC).isoformat()[:19]}Z"
