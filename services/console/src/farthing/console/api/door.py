"""Who may use the control API: no foreign page, nobody under a foreign name, and with a token where one is set."""

from __future__ import annotations

import functools
import hmac
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

from farthing.console.errors import ForeignHost, ForeignOrigin, OneProcessOnly
from farthing.console.operations.journal import CONTROL
from farthing.console.operations.publication import Publication
from farthing.console.settings import ConsoleSettings
from farthing.kit.api import Api, Operation
from farthing.kit.call import Call, Response
from farthing.kit.errors import Unauthenticated

PREFIX: Final = "/_farthing"


class Door:
    """Declares routes of the control API and checks each call before it."""

    def __init__(self, api: Api, settings: ConsoleSettings, publication: Publication, *, shared: bool) -> None:
        self._api, self._settings, self._publication, self._shared = api, settings, publication, shared

    def route(
        self, method: str, path: str, operation: str, *, token: bool = True, everywhere: bool = False
    ) -> Callable[[Operation], Operation]:
        """Declare a route.

        `token`: the operator's token is demanded, if one is set. `everywhere`: it does something that every process has to know of, and
        answers when they do; where nobody can tell them it is refused (OneProcessOnly) and not done by halves.
        """

        def register(function: Operation) -> Operation:
            @functools.wraps(function)
            async def checked(call: Call, **arguments: Any) -> Response:  # noqa: ANN401 - whatever the function takes
                self.check(call, token=token)
                if everywhere and not self._shared:
                    raise OneProcessOnly
                answer = await function(call, **arguments)
                if everywhere:
                    await self._publication.publish()
                return answer

            self._api.open(method, f"{PREFIX}{path}", f"{CONTROL}{operation}")(checked)
            return function

        return register

    def check(self, call: Call, *, token: bool = True) -> None:
        """Raises ForeignHost, ForeignOrigin, Unauthenticated."""
        if not self._ours(f"//{call.header('host') or ''}"):
            raise ForeignHost
        origin = call.header("origin")
        if origin is not None and not self._ours(origin):
            raise ForeignOrigin
        if token and self._settings.token is not None:
            given = (call.header("authorization") or "").encode("latin-1")
            if not hmac.compare_digest(given, f"Bearer {self._settings.token}".encode()):
                raise Unauthenticated(description="The control API wants the operator's bearer token.")

    def _ours(self, address: str) -> bool:
        try:
            host = urlsplit(address).hostname or ""
        except ValueError:
            return False
        return host.rstrip(".") in self._settings.hosts
