"""Buyers and stores at work, for Locust: its page at http://127.0.0.1:8089 shows them, and how many there are can be changed meanwhile.

    locust -f examples/load/locustfile.py --host http://127.0.0.1:8080

Every answer is checked for status and amount. On a cluster the buyers' approval wants the operator's token: FARTHING_OPERATOR_TOKEN.
For a proof that nothing was lost use the exact client of `make cluster-test`; this one is for watching.
"""

from __future__ import annotations

import os
from uuid import uuid4

from locust import HttpUser, between, task
from locust.exception import StopUser

AMOUNT = {"currency_code": "USD", "value": "24.90"}
ORDER = {"intent": "CAPTURE", "purchase_units": [{"amount": AMOUNT, "description": "Two mugs and a plate"}]}
CARD = {"number": "4012888888881881", "expiry": "2035-12", "security_code": "123", "name": "Bea Buyer"}
OPERATOR = os.environ.get("FARTHING_OPERATOR_TOKEN", "")


class Store(HttpUser):
    """A store's backend: signs in once, then sells."""

    wait_time = between(0.5, 1.5)

    def on_start(self):
        app = (os.environ.get("FARTHING_CLIENT_ID", "sandbox-client-id"), os.environ.get("FARTHING_CLIENT_SECRET", "sandbox-client-secret"))
        answer = self.client.post("/v1/oauth2/token", {"grant_type": "client_credentials"}, auth=app)
        if answer.status_code != 200:
            raise StopUser(f"no token: {answer.status_code} {answer.text[:200]}")
        self.client.headers["authorization"] = f"Bearer {answer.json()['access_token']}"

    @task(8)
    def wallet(self):
        """The buyer pays from the wallet, and the store looks at the order once more."""
        order = self.said("create", "POST", "/v2/checkout/orders", ORDER, "CREATED")
        if order and self.approved(order["id"]):
            paid = self.said("capture", "POST", f"/v2/checkout/orders/{order['id']}/capture", {}, "COMPLETED")
            if paid:
                self.said("get", "GET", f"/v2/checkout/orders/{order['id']}", None, "COMPLETED")

    @task(2)
    def card(self):
        """Created and paid in one request."""
        self.said("card", "POST", "/v2/checkout/orders", ORDER | {"payment_source": {"card": CARD}}, "COMPLETED")

    @task(1)
    def refund(self):
        """A card payment that is given back."""
        paid = self.said("card", "POST", "/v2/checkout/orders", ORDER | {"payment_source": {"card": CARD}}, "COMPLETED")
        if paid:
            capture = paid["purchase_units"][0]["payments"]["captures"][0]
            self.said("refund", "POST", f"/v2/payments/captures/{capture['id']}/refund", {}, "COMPLETED")

    def approved(self, order):
        """What the buyer does on the approval page, by the control API."""
        headers = {"authorization": f"Bearer {OPERATOR}"} if OPERATOR else {}
        path = f"/_farthing/orders/{order}/approve"
        return self.said("approve", "POST", path, {"buyer": "buyer@example.com"}, "APPROVED", headers)

    def said(self, name, method, path, body, status, headers=None):
        """The answer's JSON, or None when it is not as it should be: Locust then counts a failure."""
        headers = {"paypal-request-id": str(uuid4()), "prefer": "return=representation"} | (headers or {})
        with self.client.request(method, path, json=body, headers=headers, name=name, catch_response=True) as answer:
            if answer.status_code not in {200, 201}:
                answer.failure(f"{answer.status_code} {answer.headers.get('paypal-debug-id')} {answer.text[:200]}")
                return None
            found = answer.json()
            amount = found["amount"] if name == "refund" else found["purchase_units"][0]["amount"]
            if found["status"] != status or {key: amount[key] for key in AMOUNT} != AMOUNT:
                answer.failure(f"{found['status']} instead of {status}, {amount}")
                return None
            return found
