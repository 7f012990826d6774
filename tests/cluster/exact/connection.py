"""HTTP/1.1 on kept connections, without any retry of its own: what a library would repeat in silence is what has to be seen here."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

IDLE = 4.0  # seconds after which a connection is not used again: less than any server or gateway waits


class NoAnswer(Exception):
    """No complete answer came: `how` is "connection" or "timeout". The request may have been executed."""

    def __init__(self, how: str) -> None:
        super().__init__(how)
        self.how = how


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body's value; None if it is no JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def retry_after(self) -> float | None:
        """Seconds."""
        told = self.headers.get("retry-after", "")
        return float(told) if told.isdigit() else None


class Connections:
    """As many connections to one server as there are requests at a time, the one used last first."""

    def __init__(self, url: str, timeout: float = 35.0) -> None:
        parts = urlsplit(url)
        self._host, self._port, self._timeout = parts.hostname or "127.0.0.1", parts.port or 80, timeout
        self._idle: list[tuple[float, _Connection]] = []
        self.opened = 0

    async def send(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> Answer:
        """Raises NoAnswer."""
        told = {"host": f"{self._host}:{self._port}", "content-length": str(len(body)), **headers}
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in told.items())
        connection: _Connection | None = None
        try:
            async with asyncio.timeout(self._timeout):
                connection = await self._take()
                answer = await connection.exchange(f"{head}\r\n".encode() + body)
        except TimeoutError:
            _drop(connection)
            raise NoAnswer("timeout") from None
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError, IndexError):
            _drop(connection)
            raise NoAnswer("connection") from None
        self._keep(connection, answer)
        return answer

    def close(self) -> None:
        while self._idle:
            self._idle.pop()[1].close()

    async def _take(self) -> _Connection:
        while self._idle:
            since, connection = self._idle.pop()
            if connection.alive and time.monotonic() - since < IDLE:
                return connection
            connection.close()
        self.opened += 1
        return _Connection(*await asyncio.open_connection(self._host, self._port))

    def _keep(self, connection: _Connection, answer: Answer) -> None:
        if answer.headers.get("connection", "").lower() == "close":
            connection.close()
        else:
            self._idle.append((time.monotonic(), connection))


class _Connection:
    """One request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @property
    def alive(self) -> bool:
        """Whether the server has not yet closed it, as far as can be known."""
        return not (self._reader.at_eof() or self._writer.is_closing() or self._reader.exception())

    async def exchange(self, request: bytes) -> Answer:
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        pairs = (line.split(":", 1) for line in head[1:] if line)
        headers = {name.strip().lower(): value.strip() for name, value in pairs}
        status = int(head[0].split(" ")[1])
        return Answer(status, headers, await self._body(status, headers))

    async def _body(self, status: int, headers: dict[str, str]) -> bytes:
        if status in {204, 304}:
            return b""
        if "content-length" in headers:
            return await self._reader.readexactly(int(headers["content-length"]))
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return await self._chunks()
        headers["connection"] = "close"
        return await self._reader.read()

    async def _chunks(self) -> bytes:
        whole = b""
        while size := int((await self._reader.readuntil(b"\r\n")).split(b";")[0], 16):
            whole += await self._reader.readexactly(size)
            await self._reader.readexactly(2)
        while await self._reader.readuntil(b"\r\n") != b"\r\n":
            pass
        return whole

    def close(self) -> None:
        self._writer.close()


def _drop(connection: _Connection | None) -> None:
    if connection is not None:
        connection.close()
