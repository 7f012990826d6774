"""The way out, opened when it is first needed."""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING

from farthing.webhooks.delivery.answer import Answer

if TYPE_CHECKING:
    from farthing.webhooks.delivery.http import HttpPost


class Sender:
    """Sends to URLs of strangers. `strangers` (live mode): https and public addresses only."""

    def __init__(self, *, timeout: float, connections: int, strangers: bool) -> None:
        self._timeout, self._connections, self._strangers = timeout, connections, strangers
        self._opening = asyncio.Lock()
        self._post: HttpPost | None = None

    async def send(self, url: str, headers: dict[str, str], body: bytes) -> Answer:
        """POST once, `timeout` seconds of real time at most; every way to fail is an answer."""
        post = self._post or await self._open()
        return await post.send(url, headers, body)

    async def close(self) -> None:
        if self._post is not None:
            await self._post.close()
            self._post = None

    async def _open(self) -> HttpPost:
        """The import happens in a thread, so that requests are served meanwhile."""
        async with self._opening:
            if self._post is None:
                http = await asyncio.to_thread(importlib.import_module, "farthing.webhooks.delivery.http")
                self._post = http.HttpPost(timeout=self._timeout, connections=self._connections, strangers=self._strangers)
        return self._post
