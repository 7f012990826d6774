"""What no service serves: 501 where PayPal's API has an operation, else 404 or 405."""

from __future__ import annotations

from farthing.console.operations.unserved import Unserved
from farthing.kit.api import Api
from farthing.kit.call import Call, Response


def declare(api: Api, unserved: Unserved) -> None:
    @api.fallback
    async def fallback(call: Call) -> Response:
        name, answer = unserved.judge(call.method, call.path)
        call.operation = name or call.operation
        raise answer
