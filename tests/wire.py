"""A small and cheap HTTP/1.1 client on one keep-alive connection: it costs a load test as little of the two cores as Python can."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

_RETRY_AFTER = re.compile(rb"\r\nretry-after: *(\d+)", re.IGNORECASE)


class ConnectionLost(Exception):
    """The connection ended before the answer was complete: the request may have been executed."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    retry_after: int | None = None

    def json(self) -> Any:
        return json.loads(self.body)


class Wire:
    """One connection, one request at a time. `operator`: the token that the control API wants of services apart."""

    def __init__(self, url: str, operator: str = "") -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self.token = ""
        self._operator = f"Bearer {operator}" if operator else ""
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def sign_in(self, client_id: str = "sandbox-client-id", secret: str = "sandbox-client-secret") -> None:
        basic = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
        answer = await self.send("POST", "/v1/oauth2/token", b"grant_type=client_credentials", authorization=f"Basic {basic}")
        if answer.status != 200:
            raise RuntimeError(f"no token: {answer.status} {answer.body[:200]!r}")
        self.token = f"Bearer {answer.json()['access_token']}"

    async def send(self, method: str, path: str, body: bytes = b"", *, request_id: str = "", authorization: str = "") -> Answer:
        """Raises ConnectionLost."""
        media = "application/x-www-form-urlencoded" if authorization else "application/json"
        own = self._operator if self._operator and path.startswith("/_farthing") else self.token
        head = f"{method} {path} HTTP/1.1\r\nhost: {self._host}:{self._port}\r\nauthorization: {authorization or own}\r\n"
        head += f"content-type: {media}\r\ncontent-length: {len(body)}\r\nprefer: return=representation\r\n"
        if request_id:
            head += f"paypal-request-id: {request_id}\r\n"
        try:
            if self._writer is None:
                self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
            self._writer.write(f"{head}\r\n".encode() + body)
            return await self._answer()
        except (OSError, asyncio.IncompleteReadError, ValueError) as error:
            await self.close()
            raise ConnectionLost(f"{method} {path}") from error

    async def _answer(self) -> Answer:
        assert self._reader is not None
        head = await self._reader.readuntil(b"\r\n\r\n")
        start = head.lower().find(b"content-length:")
        length = int(head[start + 15 : head.index(b"\r", start)]) if start >= 0 else 0
        wait = _RETRY_AFTER.search(head)
        return Answer(int(head[9:12]), await self._reader.readexactly(length) if length else b"", int(wait[1]) if wait else None)

    async def close(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


class Wires:
    """The same to services that listen apart: `places` is prefix=URL, separated by commas; the longest prefix of a path wins."""

    def __init__(self, places: str, operator: str = "") -> None:
        found = dict(place.split("=", 1) for place in places.split(","))
        by_url = {url: Wire(url, operator) for url in found.values()}
        self._wires = sorted(((prefix, by_url[url]) for prefix, url in found.items()), key=lambda place: -len(place[0]))

    async def sign_in(self) -> None:
        first = self._of("/v1/oauth2/token")
        await first.sign_in()
        for _, wire in self._wires:
            wire.token = first.token

    async def send(self, method: str, path: str, body: bytes = b"") -> Answer:
        """Raises ConnectionLost."""
        return await self._of(path).send(method, path, body)

    async def close(self) -> None:
        for _, wire in self._wires:
            await wire.close()

    def _of(self, path: str) -> Wire:
        return next(wire for prefix, wire in self._wires if path.startswith(prefix))
