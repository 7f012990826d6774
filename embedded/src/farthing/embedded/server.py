"""The HTTP server of the one process."""

from __future__ import annotations

import asyncio
import gc
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import uvicorn

from farthing.kit.protocol import Protocol

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator

    from farthing.embedded.public import App

DRAIN_SECONDS = 10


class Server(uvicorn.Server):
    """A uvicorn server that tells when it listens, and leaves lifespans to the platform."""

    def __init__(self, app: App, host: str, port: int) -> None:
        config: dict[str, Any] = {
            "http": Protocol,
            "loop": "uvloop",
            "lifespan": "off",
            "access_log": False,
            "proxy_headers": False,
        }
        super().__init__(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                log_level="error",
                server_header=False,
                timeout_keep_alive=75,  # longer than every client's idle time
                timeout_graceful_shutdown=DRAIN_SECONDS,
                **config,
            )
        )

    @asynccontextmanager
    async def serving_at(self, listener: socket.socket) -> AsyncIterator[None]:
        """Serve meanwhile, and finish what is in flight afterwards. Raises what keeps it from serving."""
        serving = asyncio.create_task(self._serve([listener]))  # serve() would take the signals for itself
        try:
            while not self.started:  # uvicorn offers nothing to wait on
                if serving.done():
                    await serving
                await asyncio.sleep(0.001)
            yield
        finally:
            self.should_exit = True
            await serving


def calm_the_collector() -> None:
    """What lives since the start is never collected, and young objects are looked at less often: 12 % of throughput.

    The start itself runs without the collector and leaves some hundred dead objects behind: looking for them costs more than keeping them.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    gc.enable()
