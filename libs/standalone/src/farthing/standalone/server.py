"""Listening, and letting go of it without losing a request."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

import uvicorn

from farthing.kit.protocol import Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping, Sequence

    Message = MutableMapping[str, Any]
    App = Callable[[Any, Any, Any], Awaitable[None]]

KEEP_ALIVE = 120  # seconds a connection may idle: longer than any client or gateway keeps one
FINISHING = 30  # seconds for requests in flight, after the listener has closed
_BACKLOG = 2048


class Closing:
    """An application whose answers, once it is closing, ask their clients to come back on another connection."""

    def __init__(self, app: App) -> None:
        self._app, self.closing = app, False

    async def __call__(self, scope: Any, receive: Any, send: Callable[[Message], Awaitable[None]]) -> None:  # noqa: ANN401 - ASGI
        async def answer(message: Message) -> None:
            if self.closing and message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"connection", b"close")]
            await send(message)

        await self._app(scope, receive, answer)


class Listeners:
    """One server for each application. Raises ValueError when an address cannot be had."""

    def __init__(self, host: str, apps: Sequence[tuple[App, int]]) -> None:
        self._apps = [Closing(app) for app, _ in apps]
        self._sockets = [_bound(host, port) for _, port in apps]
        self._servers = [_server(app) for app in self._apps]
        self._serving: list[asyncio.Task[None]] = []

    def start(self) -> None:
        pairs = zip(self._servers, self._sockets, strict=True)
        self._serving = [asyncio.create_task(server._serve([listener])) for server, listener in pairs]  # noqa: SLF001 - serve() takes signals

    async def stop(self, drain: float) -> None:
        """Serve on for `drain` seconds, closing each connection after its answer; then close the listener and finish what is in flight."""
        for app in self._apps:
            app.closing = True
        await asyncio.sleep(drain)
        for server in self._servers:
            server.should_exit = True
        await asyncio.gather(*self._serving)


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        message = f"cannot listen on {host}:{port} ({error.strerror})"
        raise ValueError(message) from None


def _server(app: App) -> uvicorn.Server:
    options: dict[str, Any] = {"http": Protocol, "loop": "none", "lifespan": "off", "access_log": False, "proxy_headers": False}
    limits: dict[str, Any] = {"timeout_keep_alive": KEEP_ALIVE, "timeout_graceful_shutdown": FINISHING}
    return uvicorn.Server(uvicorn.Config(app, log_level="error", server_header=False, **options, **limits))
