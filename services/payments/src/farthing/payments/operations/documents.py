"""Authorizations, captures and refunds as the public API shows them (wire contract, section 7.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from farthing.kit.clock import wire_time
from farthing.money import Money
from farthing.payments.domain.authorization import OPEN, AuthorizationStatus
from farthing.payments.domain.capture import CaptureStatus

if TYPE_CHECKING:
    from datetime import datetime

    from farthing.payments.domain.authorization import Authorization, Reauthorization
    from farthing.payments.domain.capture import Capture, Refund
    from farthing.payments.domain.details import CardAnswer, Details

Document = dict[str, Any]

_PROTECTED = {"status": "ELIGIBLE", "dispute_categories": ["ITEM_NOT_RECEIVED", "UNAUTHORIZED_TRANSACTION"]}
_UNPROTECTED = {"status": "NOT_ELIGIBLE"}
_REFUNDABLE = frozenset({CaptureStatus.COMPLETED, CaptureStatus.PARTIALLY_REFUNDED})


class Documents:
    """Makes them; every link is absolute and begins with the platform's public address."""

    def __init__(self, public_url: str) -> None:
        self._payments = f"{public_url}/v2/payments"
        self._orders = f"{public_url}/v2/checkout/orders"

    def authorization(self, authorization: Authorization, name: Reauthorization | None = None) -> Document:
        """`name`: as this reauthorization of it."""
        a = authorization
        shown = name or a
        document: Document = {
            "id": shown.id,
            "status": a.shown_status,
            "amount": Money(a.currency, shown.amount).wire(),
            **_references(a.details),
            "seller_protection": _protection(a.source, completed=a.status is not AuthorizationStatus.DENIED),
            **_card(a.details.card_answer),
            "expiration_time": wire_time(a.expires),
            "links": self._authorization_links(a, name),
            **_times(shown.created, a.updated),
            "supplementary_data": {"related_ids": {"order_id": a.order_id}},
            "payee": {"email_address": a.merchant_email, "merchant_id": a.merchant},
        }
        return document

    def capture(self, capture: Capture) -> Document:
        c = capture
        paid = c.status is not CaptureStatus.DECLINED
        related = {"order_id": c.order_id} | ({"authorization_id": c.authorization_id} if c.authorization_id else {})
        return {
            "id": c.id,
            "status": c.status,
            "amount": c.money(c.amount).wire(),
            "final_capture": c.final,
            "disbursement_mode": c.details.disbursement_mode,
            "seller_protection": _protection(c.source, completed=paid),
            **({"seller_receivable_breakdown": _receivable(c)} if paid else {}),
            **_references(c.details),
            **_card(c.details.card_answer),
            "links": self._capture_links(c),
            **_times(c.created, c.updated),
            "supplementary_data": {"related_ids": related},
            "payee": {"email_address": c.merchant_email, "merchant_id": c.merchant},
        }

    def refund(self, refund: Refund) -> Document:
        r = refund
        note = {"note_to_payer": r.details.note} if r.details.note else {}
        acquirer = {"acquirer_reference_number": r.details.acquirer_reference} if r.details.acquirer_reference else {}
        return {
            "id": r.id,
            "status": r.status,
            "amount": r.money(r.amount).wire(),
            **_references(r.details),
            **note,
            **acquirer,
            "seller_payable_breakdown": _payable(r),
            "links": [_link(f"{self._payments}/refunds/{r.id}", "self"), _link(f"{self._payments}/captures/{r.capture_id}", "up")],
            **_times(r.created, r.updated),
            "payer": {"email_address": r.merchant_email, "merchant_id": r.merchant},
        }

    def _authorization_links(self, a: Authorization, name: Reauthorization | None) -> list[dict[str, str]]:
        own = f"{self._payments}/authorizations/{name.id if name else a.id}"
        links = [_link(own, "self")]
        if a.status in OPEN:
            links.append(_link(f"{own}/capture", "capture", "POST"))
            if name is None and not a.fully_captured:
                links += [_link(f"{own}/void", "void", "POST"), _link(f"{own}/reauthorize", "reauthorize", "POST")]
        return [*links, _link(f"{self._orders}/{a.order_id}", "up")]

    def _capture_links(self, c: Capture) -> list[dict[str, str]]:
        own = f"{self._payments}/captures/{c.id}"
        up = f"{self._payments}/authorizations/{c.authorization_id}" if c.authorization_id else f"{self._orders}/{c.order_id}"
        refund = [_link(f"{own}/refund", "refund", "POST")] if c.status in _REFUNDABLE else []
        return [_link(own, "self"), *refund, _link(up, "up")]


def minimal(document: Document) -> Document:
    """What `Prefer: return=minimal` shows."""
    return {"id": document["id"], "status": document["status"], "links": document["links"]}


def _receivable(c: Capture) -> Document:
    breakdown: Document = {"gross_amount": c.money(c.amount).wire(), "paypal_fee": c.money(c.fee).wire()}
    if c.platform_fee:
        breakdown["platform_fees"] = [{"amount": c.money(c.platform_fee).wire(), "payee": {"merchant_id": c.platform_payee}}]
    return breakdown | {"net_amount": c.money(c.net).wire()}


def _payable(r: Refund) -> Document:
    """The fee of the capture stays with the platform: a refund gives back none of it."""
    breakdown: Document = {"gross_amount": r.money(r.amount).wire(), "paypal_fee": r.money(0).wire()}
    if r.contribution:
        breakdown["platform_fees"] = [{"amount": r.money(r.contribution).wire()}]
    net = r.money(r.amount - r.contribution)
    return breakdown | {"net_amount": net.wire(), "total_refunded_amount": r.money(r.total).wire()}


def _references(details: Details) -> dict[str, str]:
    found = {"invoice_id": details.invoice_id, "custom_id": details.custom_id}
    return {name: value for name, value in found.items() if value is not None}


def _protection(source: str, *, completed: bool) -> Document:
    """Cards are protected by their networks, not by the platform."""
    return _PROTECTED if source == "wallet" and completed else _UNPROTECTED


def _card(answer: CardAnswer | None) -> Document:
    if answer is None:
        return {}
    said = {"avs_code": answer.avs_code, "cvv_code": answer.cvv_code, "response_code": answer.response_code}
    document: Document = {"processor_response": {name: value for name, value in said.items() if value is not None}}
    if answer.network_reference:
        network = {"network": answer.network} if answer.network else {}
        document["network_transaction_reference"] = {"id": answer.network_reference, **network}
    return document


def _times(created: datetime, updated: datetime) -> dict[str, str]:
    return {"create_time": wire_time(created), "update_time": wire_time(max(created, updated))}


def _link(href: str, rel: str, method: str = "GET") -> dict[str, str]:
    return {"href": href, "rel": rel, "method": method}
