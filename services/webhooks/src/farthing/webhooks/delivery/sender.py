"""The way out, opened when it is first needed."""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from farthing.kit.call import TRAIL, Trail
from farthing.webhooks.delivery.answer import Answer

if TYPE_CHECKING:
    from farthing.kit.telemetry import Spans
    from farthing.webhooks.delivery.http import HttpPost


class Sender:
    """Sends to URLs of strangers. `strangers` (live mode): https and public addresses only."""

    def __init__(self, *, timeout: float, connections: int, strangers: bool, spans: Spans) -> None:
        self._timeout, self._connections, self._strangers, self._spans = timeout, connections, strangers, spans
        self._opening = asyncio.Lock()
        self._post: HttpPost | None = None

    async def send(self, url: str, headers: dict[str, str], body: bytes) -> Answer:
        """POST once, `timeout` seconds of real time at most; every way to fail is an answer."""
        post = self._post or await self._open()
        trail = TRAIL.get()
        if trail is None or not trail.sampled:
            return await post.send(url, headers, body)
        return await self._traced(post, trail, url, headers, body)

    async def _traced(self, post: HttpPost, trail: Trail, url: str, headers: dict[str, str], body: bytes) -> Answer:
        """Of the URL the span shows the host only: the rest may hold a secret."""
        facts: dict[str, str | int] = {"http.request.method": "POST", "server.address": urlsplit(url).hostname or ""}
        with self._spans.span("POST", "CLIENT", trail, facts):
            answer = await post.send(url, headers, body)
            facts |= {"error.type": answer.reason} if answer.status is None else {"http.response.status_code": answer.status}
        return answer

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
