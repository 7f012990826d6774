"""An application of a test's own process on a real port."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

from farthing.embedded.public import App
from farthing.embedded.server import Server


@contextlib.asynccontextmanager
async def listening(app: App) -> AsyncIterator[str]:
    """Serve an application on a free port of 127.0.0.1 and answer its URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = Server(app, "127.0.0.1", 0)
    serving = asyncio.create_task(server._serve([listener]))
    while not server.started:  # noqa: ASYNC110 - uvicorn offers nothing to wait on
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    await serving
