"""From one service's process to the others."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from farthing.kit.rpc import Link
from farthing.kit.telemetry.tracing import NO_SPANS
from farthing.standalone.http_transport import Connections, HttpTransport
from farthing.standalone.keys import FileTokens

if TYPE_CHECKING:
    from farthing.kit.telemetry import Spans
    from farthing.standalone.settings import ProcessSettings

Command = Callable[[Callable[[str], Link], Sequence[str]], Awaitable[str]]
"""Done once, with the service's own rights: takes links by the callee's name, and arguments; answers what is to be said."""


class Calls:
    """Connections to each service that this one may call, with its own tokens."""

    def __init__(self, settings: ProcessSettings, spans: Spans = NO_SPANS) -> None:
        self._settings, self._spans = settings, spans
        self._connections = {callee: Connections() for callee in settings.callees}

    def link(self, callee: str) -> Link:
        transport = HttpTransport(self._connections[callee], self._settings.callees[callee])
        return Link(self._settings.manifest.name, callee, transport, FileTokens(self._settings.tokens), self._spans)

    async def aclose(self) -> None:
        for connections in self._connections.values():
            await connections.aclose()


async def do(command: Command, settings: ProcessSettings, arguments: Sequence[str]) -> None:
    """Say on standard output what the command answers. Raises what it raises."""
    calls = Calls(settings)
    try:
        sys.stdout.write(await command(calls.link, arguments))
    finally:
        await calls.aclose()
