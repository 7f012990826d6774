"""A merchant's backend on the official Python SDK, unmodified, and its buyers."""

from __future__ import annotations

import base64
import json
import uuid
from typing import Any

import httpx2
from paypalserversdk.configuration import Configuration, Server
from paypalserversdk.http.auth.o_auth_2 import ClientCredentialsAuthCredentials
from paypalserversdk.models.address import Address
from paypalserversdk.models.amount_breakdown import AmountBreakdown
from paypalserversdk.models.amount_with_breakdown import AmountWithBreakdown
from paypalserversdk.models.card_request import CardRequest
from paypalserversdk.models.checkout_payment_intent import CheckoutPaymentIntent
from paypalserversdk.models.item_request import ItemRequest
from paypalserversdk.models.money import Money
from paypalserversdk.models.order_request import OrderRequest
from paypalserversdk.models.order_tracker_request import OrderTrackerRequest
from paypalserversdk.models.purchase_unit_request import PurchaseUnitRequest
from paypalserversdk.models.shipping_details import ShippingDetails
from paypalserversdk.models.shipping_name import ShippingName
from paypalserversdk.paypal_serversdk_client import PaypalServersdkClient

CREDENTIALS = ("sandbox-client-id", "sandbox-client-secret")
OTHER = ("other-client-id", "other-client-secret")
FULL = "return=representation"


class PointedAt(Configuration):  # type: ignore[misc]  # the SDK carries no types
    """The SDK's own way to another host: a configuration whose base address is ours."""

    def __init__(self, url: str, client_id: str, secret: str) -> None:
        credentials = ClientCredentialsAuthCredentials(o_auth_client_id=client_id, o_auth_client_secret=secret)
        super().__init__(client_credentials_auth_credentials=credentials)
        self._url = url

    def get_base_uri(self, server: Any = Server.DEFAULT) -> str:
        return self._url


class Shop:
    """The SDK's controllers, with the steps that come before what a test is about."""

    def __init__(self, url: str, control: httpx2.Client, credentials: tuple[str, str] = CREDENTIALS) -> None:
        self.sdk = PaypalServersdkClient(config=PointedAt(url, *credentials))
        self.orders, self.payments, self.tokens = self.sdk.orders, self.sdk.payments, self.sdk.o_auth_authorization
        self._control = control

    def control(self, path: str, body: dict[str, Any]) -> Any:
        answer = self._control.post(f"/_farthing/{path}", json=body)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def created(self, intent: str = CheckoutPaymentIntent.CAPTURE, value: str = "100.00") -> str:
        return str(self.orders.create_order({"body": order(intent, value)}).body.id)

    def approved(self, intent: str = CheckoutPaymentIntent.CAPTURE, value: str = "100.00", buyer: str = "buyer@example.com") -> str:
        order_id = self.created(intent, value)
        self.control(f"orders/{order_id}/approve", {"buyer": buyer})
        return order_id

    def penniless(self) -> str:
        """A new buyer without money."""
        return str(self.control("accounts", {"email": f"poor-{uuid.uuid4().hex}@example.com", "kind": "personal"})["email"])

    def captured(self) -> tuple[str, str]:
        """An order of 100.00 USD that was paid, and its capture."""
        order_id = self.approved()
        paid = self.orders.capture_order({"id": order_id, "prefer": FULL}).body
        return order_id, paid.purchase_units[0].payments.captures[0].id

    def authorized(self) -> str:
        """The authorization of 100.00 USD."""
        paid = self.orders.authorize_order({"id": self.approved(CheckoutPaymentIntent.AUTHORIZE), "prefer": FULL}).body
        return str(paid.purchase_units[0].payments.authorizations[0].id)

    def refunded(self) -> tuple[str, str]:
        """A capture that was given back, and the refund."""
        _, capture_id = self.captured()
        return capture_id, self.payments.refund_captured_payment({"capture_id": capture_id}).body.id

    def shipped(self) -> tuple[str, str]:
        """An order that was paid and sent, and its tracker."""
        order_id, capture_id = self.captured()
        sent = self.orders.create_order_tracking({"id": order_id, "body": shipment(capture_id)}).body
        return order_id, sent.purchase_units[0].shipping.trackers[0].id


def order(intent: str = CheckoutPaymentIntent.CAPTURE, value: str = "100.00", **more: Any) -> OrderRequest:
    unit = PurchaseUnitRequest(amount=AmountWithBreakdown(currency_code="USD", value=value))
    return OrderRequest(intent=intent, purchase_units=[unit], **more)


def card(name: str = "Bea Buyer", **more: Any) -> CardRequest:
    """One of PayPal's test cards; the name decides whether it is declined."""
    return CardRequest(name=name, number="4012888888881881", expiry="2035-12", security_code="123", **more)


def basket() -> PurchaseUnitRequest:
    """1500 JPY in all its parts."""
    yen = {name: Money("JPY", value) for name, value in (("item_total", "1200"), ("shipping", "200"), ("tax_total", "100"))}
    address = Address("US", address_line_1="2 Other Street", admin_area_2="Austin", admin_area_1="TX", postal_code="73301")
    return PurchaseUnitRequest(
        amount=AmountWithBreakdown("JPY", "1500", AmountBreakdown(**yen)),
        reference_id="shoes",
        description="Shoes",
        custom_id="C-1",
        soft_descriptor="STORE",
        items=[ItemRequest("Sandal", Money("JPY", "600"), "2", tax=Money("JPY", "50"), sku="S-1", category="PHYSICAL_GOODS")],
        shipping=ShippingDetails(name=ShippingName("Bea Buyer"), address=address),
    )


def assertion(client_id: str, merchant: str) -> str:
    """An unsigned JWT by which an app says for whom it acts."""
    parts = [json.dumps(part).encode() for part in ({"alg": "none"}, {"iss": client_id, "email": merchant})]
    return ".".join([*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts), ""])


def shipment(capture_id: str) -> OrderTrackerRequest:
    return OrderTrackerRequest(capture_id=capture_id, tracking_number="443844607820", carrier="FEDEX")


def usd(value: str) -> Money:
    return Money(currency_code="USD", value=value)


def amount(shown: Any) -> tuple[str, str]:
    return shown.value, shown.currency_code


def rels(shown: Any) -> list[str]:
    return [link.rel for link in shown.links]


def request_id() -> str:
    return str(uuid.uuid4())


def mocked(issue: str) -> str:
    """The header of PayPal's negative testing that asks for this issue."""
    return f'{{"mock_application_codes": "{issue}"}}'
