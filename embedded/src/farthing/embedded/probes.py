"""What the platform around the one process asks it: whether its event loop runs, whether it can serve, and its metrics."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from farthing.kit.call import Response, json_response
from farthing.kit.errors import ApiError

if TYPE_CHECKING:
    from farthing.embedded.platform import Platform
    from farthing.kit.service import Running

_PATIENCE = 2.0  # seconds for a service's database; the chart's probe waits three


class Probes:
    """An ASGI application for a port that is not the public one.

    It has to run on the event loop that serves: then a loop that hangs answers nothing, and whoever asks `/livez` notices.
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self.state = "starting"  # then serving, then stopping
        self._down: frozenset[str] = frozenset()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401, ARG002 - ASGI
        if scope["type"] != "http":
            return
        answer = await self._answer(scope["method"], scope["path"])
        headers = [*answer.headers, (b"content-length", str(len(answer.body)).encode())]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, method: str, path: str) -> Response:
        asked = {"/livez": self._live, "/readyz": self._ready, "/metrics": self._metrics}.get(path)
        if asked is None:
            return json_response({"status": "not found"}, 404)
        if method not in {"GET", "HEAD"}:
            return json_response({"status": "method not supported"}, 405, [(b"allow", b"GET, HEAD")])
        return await asked()

    async def _live(self) -> Response:
        return json_response({"status": "up"})

    async def _ready(self) -> Response:
        """Whether any service can serve; which of them cannot is said beside it, and in the log when it changes.

        There is no second one process to which requests could go instead: to be unready is to be away with all services, and one that has
        no connection left is no reason for it. When the database is away, none can serve.
        """
        if self.state != "serving":
            return json_response({"status": self.state}, 503)
        running = self._platform.running
        found = await asyncio.gather(*(_serves(one) for one in running.values()))
        down = [name for name, serves in zip(running, found, strict=True) if not serves]
        self._tell(frozenset(down))
        if len(down) == len(running):
            return json_response({"status": "down"}, 503)
        return json_response({"status": "up", "down": down} if down else {"status": "up"})

    def _tell(self, down: frozenset[str]) -> None:
        running, before, self._down = self._platform.running, self._down, down
        for name in sorted(down - before):
            running[name].host.log.warning("service.unable", reason="No connection of its database is to be had.")
        for name in sorted(before - down):
            running[name].host.log.info("service.able")

    async def _metrics(self) -> Response:
        """In a thread: all services' series take tens of milliseconds, in which nobody would be served."""
        exposition = await asyncio.to_thread(self._platform.metrics.exposition)
        return Response(200, exposition, [(b"content-type", b"text/plain; version=0.0.4; charset=utf-8")])


async def _serves(running: Running) -> bool:
    try:
        async with asyncio.timeout(_PATIENCE):
            return await running.healthy()
    except (ApiError, TimeoutError):
        return False
