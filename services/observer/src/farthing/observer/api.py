"""The one route: what happened last."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from farthing.kit.api import Api
from farthing.kit.call import Call, Response, json_response
from farthing.kit.errors import Detail, Unauthenticated
from farthing.observer.errors import ForeignHost, ForeignOrigin, ParameterInvalid
from farthing.observer.operations.table import KEPT

if TYPE_CHECKING:
    from farthing.observer.operations import Table
    from farthing.observer.settings import ObserverSettings

PATH: Final = "/_farthing/rollouts"
_USUAL = 20


def routes(table: Table, settings: ObserverSettings) -> Api:
    api = Api("Farthing observer")

    @api.open("GET", PATH, "observer.rollouts")
    async def rollouts(call: Call) -> Response:
        check(call, settings)
        return json_response(table.last(_limit(call), call.query("service") or None))

    return api


def check(call: Call, settings: ObserverSettings) -> None:
    """The rules of console's control API. Raises ForeignHost, ForeignOrigin, Unauthenticated."""
    if not _ours(f"//{call.header('host') or ''}", settings):
        raise ForeignHost
    origin = call.header("origin")
    if origin is not None and not _ours(origin, settings):
        raise ForeignOrigin
    given = (call.header("authorization") or "").encode("latin-1")
    if not hmac.compare_digest(given, f"Bearer {settings.token}".encode()):
        raise Unauthenticated(description="Rollouts are told to who shows the operator's bearer token.")


def _ours(address: str, settings: ObserverSettings) -> bool:
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return False
    return host.rstrip(".") in settings.hosts


def _limit(call: Call) -> int:
    """Raises ParameterInvalid."""
    text = call.query("limit")
    if text is None:
        return _USUAL
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and 1 <= int(text) <= KEPT):
        raise ParameterInvalid(
            Detail("INVALID_PARAMETER_VALUE", f"limit is a number from 1 to {KEPT}.", field="limit", value=text[:100], location="query")
        )
    return int(text)
