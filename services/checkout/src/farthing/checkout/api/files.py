"""Style sheets, scripts and the JavaScript SDK: the same bytes for everybody."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from farthing.kit.call import Response
from farthing.kit.errors import NotFound

if TYPE_CHECKING:
    from farthing.checkout.pages import Assets
    from farthing.kit.api import Api
    from farthing.kit.call import Call

_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_SHARED = [(b"access-control-allow-origin", b"*"), (b"cross-origin-resource-policy", b"cross-origin")]
_OWN = [(b"cross-origin-resource-policy", b"same-origin")]
_MISSING = b"The query parameter client-id is missing or no client id: /sdk/js?client-id=YOUR_CLIENT_ID\n"
_TEXT = [
    (b"content-type", b"text/plain; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    *_SHARED,
]


class FileRoutes:
    def __init__(self, assets: Assets) -> None:
        self._assets = assets

    def add_to(self, api: Api) -> None:
        api.open("GET", "/checkout/static/{name}", "checkout.static")(self.static)
        api.open("GET", "/sdk/js", "checkout.sdk")(self.sdk)

    async def static(self, call: Call, name: str) -> Response:
        """A file of the pages. Raises NotFound."""
        return self._answer(call, name, _OWN)

    async def sdk(self, call: Call) -> Response:
        """The SDK. It reads the other parameters from its own address, so that one file serves all."""
        if _CLIENT_ID.fullmatch(call.query("client-id") or "") is None:
            return Response(400, _MISSING, _TEXT)
        return self._answer(call, "sdk.js", _SHARED)

    def _answer(self, call: Call, name: str, headers: list[tuple[bytes, bytes]]) -> Response:
        asset = self._assets.get(name)
        if asset is None:
            raise NotFound
        forever = call.query("v") == asset.version
        keep = b"public, max-age=31536000, immutable" if forever else b"public, max-age=300"
        etag = f'"{asset.version}"'
        common = [(b"etag", etag.encode()), (b"cache-control", keep), (b"x-content-type-options", b"nosniff"), *headers]
        if call.header("if-none-match") == etag:
            return Response(304, b"", common)
        return Response(200, asset.content, [(b"content-type", asset.media.encode()), *common])
