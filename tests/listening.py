"""An application of a test's own process on a real port."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncIterator

from farthing.embedded.public import App
from farthing.embedded.server import Server


@contextlib.asynccontextmanager
async def listening(app: App) -> AsyncIterator[str]:
    """Serve an application on a free port of 127.0.0.1 and answer its URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    async with Server(app, "127.0.0.1", 0).serving_at(listener):
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
