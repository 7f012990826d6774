"""Old events leave the stream when every consumer has stored them."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from farthing.standalone.broker.connection import EVENTS

if TYPE_CHECKING:
    from nats.js import JetStreamContext
    from nats.js.api import ConsumerInfo

_EVERY = 30.0  # seconds
KEPT = 120.0  # seconds that an event stays in any case: for a consumer that is only just being made


class Tidying:
    """Purges up to what all consumers had acknowledged some minutes ago; several processes may do it at once."""

    def __init__(self, every: float = _EVERY, kept: float = KEPT) -> None:
        self._every, self._kept = every, kept
        self._last = time.monotonic()
        self._floors: deque[tuple[float, int]] = deque()

    async def step(self, stream: JetStreamContext) -> None:
        now = time.monotonic()
        if now - self._last < self._every:
            return
        self._last = now
        last = (await stream.stream_info(EVENTS)).state.last_seq
        consumers = await stream.consumers_info(EVENTS)
        self._floors.append((now, min((_floor(info, last) for info in consumers), default=0)))
        old = 0
        while self._floors and now - self._floors[0][0] >= self._kept:
            old = self._floors.popleft()[1]
        if old:
            await stream.purge_stream(EVENTS, seq=old + 1)


def _floor(info: ConsumerInfo, last: int) -> int:
    """The last message of the stream below which this consumer needs nothing more. `last`: the stream's, read before."""
    if not info.num_pending and not info.num_ack_pending:
        return last
    return info.ack_floor.stream_seq if info.ack_floor is not None else 0
