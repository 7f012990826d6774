"""Messages of a durable consumer, asked for in batches and taken as they come."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from nats.aio.subscription import Subscription

BATCH = 200
_LINGER = 2.0  # seconds that the broker keeps a request when there is nothing
_GRACE = 0.5  # seconds more until we ask again by ourselves
_OVER = frozenset({"404", "408"})  # nothing there, and the request has lingered long enough


class Pull:
    """Asks for up to BATCH messages at a time and answers what has come.

    The consumer numbers its deliveries, and we know how many there were before us. A number that is missing was lost on its way or went to
    somebody who has lost the turn and whose request still stood: what came after it must wait for it.
    """

    def __init__(self, client: Client, inbox: Subscription, coming: asyncio.Queue[Msg], request: str, delivered: int) -> None:
        self._client, self._inbox, self._coming, self._request, self._delivered = client, inbox, coming, request, delivered
        self._left, self._until = 0, 0.0
        self._came: list[Msg] = []

    @classmethod
    async def of(cls, client: Client, stream: str, durable: str, delivered: int) -> Pull:
        coming: asyncio.Queue[Msg] = asyncio.Queue()
        inbox = await client.subscribe(client.new_inbox(), cb=coming.put)
        return cls(client, inbox, coming, f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}", delivered)

    async def some(self) -> list[Msg]:
        """Wait at most some seconds for messages; nothing is an empty list. Raises ConnectionError: it has to begin anew."""
        if self._left <= 0 or time.monotonic() > self._until:
            await self._ask()
        self._came = [*self._open()]
        try:
            async with asyncio.timeout(max(0.01, self._until - time.monotonic())):
                found = [await self._coming.get()]
        except TimeoutError:
            self._left = 0
            return []
        found += self._rest(BATCH - 1)
        self._came += found
        return [message for message in found if self._is_message(message)]

    async def close(self) -> None:
        """Stop, then give back what had come and was not acknowledged: any sooner, and it would come to ourselves once more."""
        async with asyncio.timeout(_LINGER):
            await self._inbox.drain()  # type: ignore[no-untyped-call]
            self._came += self._rest(self._coming.qsize())
            for message in self._open():
                await message.nak()
            await self._client.flush()  # who closes the connection now would lose what is not sent yet

    def _rest(self, most: int) -> list[Msg]:
        return [self._coming.get_nowait() for _ in range(min(most, self._coming.qsize()))]

    def _open(self) -> Iterator[Msg]:
        return (message for message in self._came if message.reply and not message.is_acked)

    async def _ask(self) -> None:
        request = {"batch": BATCH, "expires": int(_LINGER * 1e9)}
        await self._client.publish(self._request, orjson.dumps(request), self._inbox.subject)
        self._left, self._until = BATCH, time.monotonic() + _LINGER + _GRACE

    def _is_message(self, message: Msg) -> bool:
        """The broker also says that there is nothing, or no more: then the request is over. Raises ConnectionError for other news."""
        status = (message.headers or {}).get("Status") if not message.reply else None
        if status is None:
            self._left -= 1
            self._delivered += 1
            if message.metadata.sequence.consumer != self._delivered:
                raise ConnectionError("a delivery is missing")
            return True
        self._left = 0
        if status not in _OVER:
            raise ConnectionError(status)  # the consumer or its stream is gone, or moves
        return False
