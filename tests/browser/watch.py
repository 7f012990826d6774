"""A browser whose complaints are heard, and a merchant's backend that makes orders."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx2
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, WebError

RETURN, CANCEL = "http://shop.example/return?cart=7", "http://shop.example/cancel"


class Watched:
    """A context that remembers errors in its pages: violations of the policy, exceptions in scripts.

    `complaint`: part of the one that there must be.
    """

    def __init__(self, context: BrowserContext, complaint: str | None = None) -> None:
        self.context, self._complaint = context, complaint
        self.complaints: list[str] = []
        context.set_default_timeout(10_000)
        context.on("console", self._heard)
        context.on("weberror", self._failed)
        context.route(
            "http://shop.example/**", lambda route: route.fulfill(body="<!doctype html><title>Shop</title>", content_type="text/html")
        )

    def close(self) -> None:
        self.context.close()
        expected = [text for text in self.complaints if self._complaint is not None and self._complaint in text]
        assert [text for text in self.complaints if text not in expected] == []
        assert bool(expected) is (self._complaint is not None), f"nothing was said about {self._complaint}"

    def _heard(self, message: ConsoleMessage) -> None:
        refused = "Failed to load resource: the server responded" in message.text  # a page with an error's status
        if message.type == "error" and not refused:
            self.complaints.append(message.text)

    def _failed(self, error: WebError) -> None:
        self.complaints.append(str(error.error))


class Shop:
    """The seed's store, by the public API, and its operator, by the console's."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx2.Client(base_url=url, timeout=30)
        self._token = ""

    def order(self, **context: str) -> str:
        body = {
            "intent": "CAPTURE",
            "purchase_units": [
                {
                    "amount": {
                        "currency_code": "USD",
                        "value": "24.90",
                        "breakdown": {"item_total": {"currency_code": "USD", "value": "24.90"}},
                    },
                    "items": [
                        {"name": "Coffee, whole beans", "quantity": "2", "unit_amount": {"currency_code": "USD", "value": "10.00"}},
                        {"name": "Paper filters", "quantity": "1", "unit_amount": {"currency_code": "USD", "value": "4.90"}},
                    ],
                }
            ],
            "application_context": {"return_url": RETURN, "cancel_url": CANCEL, "user_action": "PAY_NOW"} | context,
        }
        answer = self._http.post("/v2/checkout/orders", json=body, headers=self._as_app())
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def approve_link(self, order_id: str) -> str:
        links = {link["rel"]: link["href"] for link in self._order(order_id)["links"]}
        return str(links["approve"])

    def status(self, order_id: str) -> str:
        return str(self._order(order_id)["status"])

    def capture(self, order_id: str) -> str:
        answer = self._http.post(f"/v2/checkout/orders/{order_id}/capture", json={}, headers=self._as_app())
        assert answer.status_code == 201, answer.text
        return str(answer.json()["status"])

    def control(self, path: str, body: dict[str, Any] | None = None) -> None:
        answer = self._http.post(f"/_farthing/{path}", json=body or {})
        assert answer.is_success, answer.text

    def close(self) -> None:
        self._http.close()

    def _order(self, order_id: str) -> dict[str, Any]:
        return dict(self._http.get(f"/v2/checkout/orders/{order_id}", headers=self._as_app()).json())

    def _as_app(self) -> dict[str, str]:
        if not self._token:
            answer = self._http.post(
                "/v1/oauth2/token", data={"grant_type": "client_credentials"}, auth=("sandbox-client-id", "sandbox-client-secret")
            )
            self._token = answer.json()["access_token"]
        return {"authorization": f"Bearer {self._token}"}


class Stranger:
    """Another site, served for real: what browsers refuse across sites they refuse here. Its pages are what the test writes into `page`."""

    def __init__(self) -> None:
        self.page = ""
        stranger = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("content-type", "text/html")
                self.end_headers()
                self.wfile.write(stranger.page.encode())

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://localhost:{self._server.server_port}"  # not the platform's 127.0.0.1: another site, as browsers count
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def sign_in(page: Page, email: str = "buyer@example.com", password: str = "farthing") -> None:
    page.get_by_test_id("email").fill(email)
    page.get_by_test_id("password").fill(password)
    page.get_by_test_id("sign-in").click()


def becomes(page: Page, seen: Callable[[], object], wanted: object) -> None:
    """Wait until what is seen is what is wanted, and say what it was instead after ten seconds."""
    until = time.monotonic() + 10
    while seen() != wanted and time.monotonic() < until:
        page.wait_for_timeout(50)
    assert seen() == wanted
