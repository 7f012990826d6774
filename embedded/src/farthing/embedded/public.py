"""The public listener of the one process: a path goes straight to the service that owns it, and what nobody owns to the console."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from farthing.kit.edge import normalise

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

App = Callable[[Any, Any, Any], Awaitable[None]]
_LONGEST_PREFIX = 4  # segments


class Gate:
    """Counts requests in flight, and can hold new ones back until they are done (for reset and restore)."""

    def __init__(self) -> None:
        self._inside = 0
        self._open = asyncio.Event()
        self._open.set()
        self._left = asyncio.Event()

    @property
    def closed(self) -> bool:
        return not self._open.is_set()

    async def wait(self) -> None:
        await self._open.wait()

    def enter(self) -> None:
        self._inside += 1

    def leave(self) -> None:
        self._inside -= 1
        self._left.set()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Be the only request inside: for the one that calls this, which is inside itself. Two at once take turns."""
        while self.closed:
            self._inside -= 1  # this one waits, so it must not be waited for
            self._left.set()
            await self._open.wait()
            self._inside += 1
        self._open.clear()
        try:
            while self._inside > 1:
                self._left.clear()
                await self._left.wait()
            yield
        finally:
            self._open.set()


class PublicSite:
    """The ASGI application behind the listening address."""

    def __init__(self, routes: dict[str, App], fallback: App, gate: Gate) -> None:
        self._routes = {prefix.strip("/"): app for prefix, app in routes.items()}
        self._fallback, self._gate = fallback, gate

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
        if scope["type"] != "http":
            return
        if self._gate.closed:
            await self._gate.wait()
        self._gate.enter()
        try:
            await self._owner(scope["path"])(scope, receive, send)
        finally:
            self._gate.leave()

    def _owner(self, path: str) -> App:
        """The application whose prefix is the longest that fits, whole segments only."""
        parts = normalise(path).strip("/").split("/")[:_LONGEST_PREFIX]
        while parts:
            app = self._routes.get("/".join(parts))
            if app is not None:
                return app
            parts.pop()
        return self._fallback
