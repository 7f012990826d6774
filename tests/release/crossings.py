"""The way from a caller of one release to a callee of the other, with somebody who counts at its side."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress

_METHODS = (b"GET ", b"POST ", b"PUT ", b"PATCH ", b"DELETE ")
_NAMED = re.compile(r"/[^/]*[0-9A-Z@%][^/]*(?=/|$)")  # ids, addresses, keys
_PREFIX = "/internal/v1"


class Crossing:
    """One edge. Passes bytes on and notes what was asked and how it was answered."""

    def __init__(self, direction: str, caller: str, callee: str, target: int) -> None:
        self.direction, self.caller, self.callee, self._target = direction, caller, callee, target
        self.answers: Counter[tuple[str, int]] = Counter()
        self._server: asyncio.Server | None = None
        self._busy: set[asyncio.Task[None]] = set()
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def name(self) -> str:
        return f"{self.direction}: {self.caller} → {self.callee}"

    async def start(self) -> str:
        """Answer the address that the caller is told."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in self._open:
            writer.transport.abort()
        if self._busy:
            await asyncio.wait(self._busy, timeout=5)

    def crossed(self) -> bool:
        """Whether something was asked and answered well."""
        return any(200 <= status < 300 for _, status in self.answers)

    def refusals(self) -> list[str]:
        """What two releases that understand each other never answer: not understood, not admitted, broken."""
        return [
            f"{self.name}: {asked} answered {status}" for asked, status in self.answers if status in {400, 401, 403, 405} or status >= 500
        ]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._busy.add(task)
        try:
            await self._exchange(reader, writer)
        except OSError:  # the callee is not there: the caller sees its connection end
            pass
        finally:
            writer.close()
            self._busy.discard(task)

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        self._open |= {writer, back}
        asked = [""]

        def request(chunk: bytes) -> None:
            if chunk.startswith(_METHODS):
                method, path = chunk.split(b" ", 2)[:2]
                asked[0] = f"{method.decode()} {shape(path.decode())}"

        def answer(chunk: bytes) -> None:
            if chunk.startswith(b"HTTP/1.1 "):
                self.answers[asked[0], int(chunk[9:12])] += 1

        await asyncio.gather(_pass(reader, back, request), _pass(there, writer, answer))
        self._open -= {writer, back}


def shape(path: str) -> str:
    """A path without what it names: `/orders/{}/approve`."""
    return _NAMED.sub("/{}", path.partition("?")[0].removeprefix(_PREFIX))


def uncrossed(crossings: Iterable[Crossing], reasons: dict[tuple[str, str], str]) -> list[str]:
    """The edges that nothing went over, but for those with a reason; and the reasons that are none."""
    found = list(crossings)
    missing = [one.name for one in found if not one.crossed() and (one.caller, one.callee) not in reasons]
    stale = [f"{one.name} is crossed, so it needs no reason" for one in found if one.crossed() and (one.caller, one.callee) in reasons]
    return missing + stale


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, see: Callable[[bytes], None]) -> None:
    with suppress(ConnectionError):
        while chunk := await reader.read(1 << 16):
            see(chunk)
            writer.write(chunk)
            await writer.drain()
    writer.close()
