"""Messages of a durable consumer, asked for in batches and taken as they come."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import orjson
from nats.errors import TimeoutError as NothingCame

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from nats.aio.subscription import Subscription

BATCH = 200
_LINGER = 2.0  # seconds that the broker keeps a request when there is nothing
_GRACE = 0.5  # seconds more until we ask again by ourselves
_OVER = frozenset({"404", "408"})  # nothing there, and the request has lingered long enough


class Pull:
    """Asks for up to BATCH messages at a time and answers what has come."""

    def __init__(self, client: Client, inbox: Subscription, stream: str, durable: str) -> None:
        self._client, self._inbox = client, inbox
        self._next = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}"
        self._left, self._until = 0, 0.0

    @classmethod
    async def of(cls, client: Client, stream: str, durable: str) -> Pull:
        return cls(client, await client.subscribe(client.new_inbox()), stream, durable)

    async def some(self) -> list[Msg]:
        """Wait at most some seconds for messages; nothing is an empty list."""
        if self._left <= 0 or time.monotonic() > self._until:
            await self._ask()
        try:
            found = [await self._inbox.next_msg(timeout=max(0.01, self._until - time.monotonic()))]
        except NothingCame:
            self._left = 0
            return []
        while self._inbox.pending_msgs and len(found) < BATCH:
            found.append(await self._inbox.next_msg(timeout=1))
        return [message for message in found if self._is_message(message)]

    async def close(self) -> None:
        """Stop, and give back what had come and was not taken."""
        while self._inbox.pending_msgs:
            message = await self._inbox.next_msg(timeout=1)
            if message.reply:
                await message.nak()
        await self._inbox.unsubscribe()

    async def _ask(self) -> None:
        request = {"batch": BATCH, "expires": int(_LINGER * 1e9)}
        await self._client.publish(self._next, orjson.dumps(request), self._inbox.subject)
        self._left, self._until = BATCH, time.monotonic() + _LINGER + _GRACE

    def _is_message(self, message: Msg) -> bool:
        """The broker also says that there is nothing, or no more: then the request is over. Raises ConnectionError for other news."""
        status = (message.headers or {}).get("Status") if not message.reply else None
        if status is None:
            self._left -= 1
            return True
        self._left = 0
        if status not in _OVER:
            raise ConnectionError(status)  # the consumer or its stream is gone, or moves
        return False
