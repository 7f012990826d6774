"""From the outbox to the stream: each event is durable there before it leaves its table."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from farthing.standalone.broker.envelope import subject_of, wrap

if TYPE_CHECKING:
    from nats.js import JetStreamContext

    from farthing.kit.events import Event
    from farthing.standalone.broker.connection import Broker

TOGETHER = 5.0  # seconds for one batch: less than PostgreSQL leaves the transaction of the relay open


class StreamOfEvents:
    """The transport of the relay. Raises BrokerAway; then the whole batch is published again, and twins are recognised by their ids."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def publish(self, events: Sequence[Event]) -> None:
        async with self._broker.asking() as (_, stream), asyncio.timeout(TOGETHER):
            await self._broker.have_events(stream)
            for wave in waves(events):
                await _all(stream, wave)


def waves(events: Sequence[Event]) -> Iterator[list[Event]]:
    """The events in their order, at most one of each subject at a time.

    An event leaves only when its subject's earlier one is stored: a connection that breaks between them cannot lose the first and keep the
    second.
    """
    waiting = list(events)
    while waiting:
        seen: set[str] = set()
        wave: list[Event] = []
        later: list[Event] = []
        for event in waiting:
            (later if event.subject in seen else wave).append(event)
            seen.add(event.subject)
        yield wave
        waiting = later


async def _all(stream: JetStreamContext, wave: Sequence[Event]) -> None:
    """Every one is waited for, also when one fails: nothing of this batch is under way when the next one begins."""
    acks = (stream.publish(subject_of(event), wrap(event), headers={"Nats-Msg-Id": event.id}) for event in wave)
    for outcome in await asyncio.gather(*acks, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome
