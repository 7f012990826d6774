"""Commands that steer a running platform through its control API, at FARTHING_URL (default http://127.0.0.1:8080)."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from http import HTTPStatus
from http.client import HTTPException
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from rich.console import Console

from farthing.embedded.cli.failure import Failure

OUT = Console(soft_wrap=True, highlight=False)
_TIMEOUT = 120  # seconds: advancing the clock may do a lot of work


class PlatformRefused(Failure):
    """The platform's own words, and the status of its answer."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message, 4)
        self.status = status


def call(method: str, path: str, body: dict[str, Any] | None = None) -> Any:  # noqa: ANN401 - any JSON
    """Raises Failure: PlatformRefused when the platform answered."""
    base = address()
    headers = {"content-type": "application/json"}
    if token := os.environ.get("FARTHING_OPERATOR_TOKEN"):
        headers["authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{base}/_farthing/{path}", data, headers, method=method)  # noqa: S310 - the operator's own URL
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as response:  # noqa: S310
            raw = response.read()
    except urllib.error.HTTPError as error:
        raise _refusal(error, base) from None
    except (OSError, HTTPException) as error:
        raise Failure(f"no platform answers at {base} ({error}): start one with `farthing up`, or set FARTHING_URL", 4) from None
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        raise Failure(f"what answers at {base} is not Farthing: set FARTHING_URL", 4) from None


def address() -> str:
    """Where the platform is. Raises Failure."""
    found = os.environ.get("FARTHING_URL", "http://127.0.0.1:8080").rstrip("/")
    try:
        parts = urlsplit(found)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise Failure(f"FARTHING_URL is {found!r}: use an address such as http://127.0.0.1:8080", 2)
    return found


def _refusal(error: urllib.error.HTTPError, base: str) -> Failure:
    if error.code == HTTPStatus.UNAUTHORIZED:
        where = "on a cluster `operator-token` in the Secret farthing-console"
        return PlatformRefused(f"401: set FARTHING_OPERATOR_TOKEN to the operator's token ({where})", error.code)
    try:
        envelope = json.loads(error.read())
        first = (envelope.get("details") or [{}])[0]
        field = f" ({first['field']})" if "field" in first else ""
        said = f"{first.get('issue', envelope['name'])}{field}: {first.get('description', envelope['message'])}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return Failure(
            f"what answers at {base} ({error.code}) is not Farthing: set FARTHING_URL, or see whether the platform behind it is up", 4
        )
    return PlatformRefused(f"{error.code} {said}", error.code)


def reset() -> None:
    call("POST", "reset")
    OUT.print("reset: back to the seed")


def approve(order_id: str, buyer: str | None) -> None:
    order = call("POST", f"orders/{quote(order_id)}/approve", {"buyer": buyer} if buyer else {})
    OUT.print(f"{order['id']} {order['status']}")


def fund(email: str, value: str, currency_code: str) -> None:
    found = call("POST", f"accounts/{quote(email)}/fund", {"currency_code": currency_code, "value": value})
    for balance in found["balances"]:
        OUT.print(f"{balance['available']['value']} {balance['available']['currency_code']}")


def audit(block: int | None, digest: str | None) -> int:
    expected = {name: value for name, value in (("block", block), ("hash", digest)) if value is not None}
    found = call("GET", f"ledger/audit?{urlencode(expected)}")
    OUT.print_json(data=found)
    return 0 if found["balanced"] else 1


def clock(method: str, path: str, body: dict[str, Any] | None = None) -> None:
    found = call(method, path, body)
    OUT.print(f"{found['now']}{' (frozen)' if found['frozen'] else ''}")
