"""One real payment through the public ports: token, order, approval by the operator, capture."""

from __future__ import annotations

import base64
import json
import os
import sys
import urllib.error
import urllib.request
import uuid
from typing import Any
from urllib.parse import urlsplit

HOST = urlsplit(os.environ["PUBLIC_URL"]).netloc  # the control API answers under this name alone
APP = base64.b64encode(b"sandbox-client-id:sandbox-client-secret").decode()


def post(service: str, path: str, body: str | dict[str, Any], authorization: str | None) -> Any:
    """A text is sent as a form. Raises SystemExit with what was answered."""
    kind, text = ("application/x-www-form-urlencoded", body) if isinstance(body, str) else ("application/json", json.dumps(body))
    headers = {"Host": HOST, "Content-Type": kind}
    headers |= {"PayPal-Request-Id": str(uuid.uuid4()), "Prefer": "return=representation"}
    if authorization:
        headers["Authorization"] = authorization
    request = urllib.request.Request(os.environ[service] + path, data=text.encode(), headers=headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        sys.exit(f"{path}: {error.code} {error.read().decode(errors='replace')}")
    except OSError as error:
        sys.exit(f"{path} at {os.environ[service]}: {error}")


def main() -> None:
    token = "Bearer " + post("IDENTITY", "/v1/oauth2/token", "grant_type=client_credentials", f"Basic {APP}")["access_token"]
    unit = {"amount": {"currency_code": "USD", "value": "12.34"}}
    order = post("ORDERS", "/v2/checkout/orders", {"intent": "CAPTURE", "purchase_units": [unit]}, token)
    operator = os.environ.get("OPERATOR_TOKEN")
    post("CONSOLE", f"/_farthing/orders/{order['id']}/approve", {}, operator and f"Bearer {operator}")
    captured = post("ORDERS", f"/v2/checkout/orders/{order['id']}/capture", {}, token)
    capture = captured["purchase_units"][0]["payments"]["captures"][0]
    if (captured["status"], capture["status"], capture["amount"]["value"]) != ("COMPLETED", "COMPLETED", "12.34"):
        sys.exit(f"not captured: {json.dumps(captured)}")
    print(f"order {order['id']} captured: {capture['amount']['value']} {capture['amount']['currency_code']}")


main()
