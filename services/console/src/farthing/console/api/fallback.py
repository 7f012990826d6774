"""What no service serves: in sandbox mode a page about this at /; 501 where PayPal's API has an operation, else 404 or 405."""

from __future__ import annotations

from typing import Final

from farthing.console.operations.unserved import Unserved
from farthing.kit.api import Api
from farthing.kit.call import Call, Response

WELCOME: Final = b"""\
Farthing: a payments sandbox with PayPal's REST API. No real money moves here.

  client id      sandbox-client-id
  client secret  sandbox-client-secret
  buyer          buyer@example.com, password farthing

First steps    README.md: "Start in a minute", and how to point each SDK here
Token          POST /v1/oauth2/token
Control API    /_farthing/health, docs/guides/control.md
"""


def declare(api: Api, unserved: Unserved, *, sandbox: bool) -> None:
    @api.fallback
    async def fallback(call: Call) -> Response:
        if sandbox and call.path == "/" and call.method == "GET":
            call.operation = "welcome"
            return Response(200, WELCOME, [(b"content-type", b"text/plain; charset=utf-8")])
        name, answer = unserved.judge(call.method, call.path)
        call.operation = name or call.operation
        raise answer
