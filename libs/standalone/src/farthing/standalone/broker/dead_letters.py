"""Events that the inbox refused for good: kept, counted, shown, and tried again when somebody says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nats.js.errors import NotFoundError
from prometheus_client import Counter

from farthing.kit.call import NO_CONTENT, Call, Response, json_response
from farthing.kit.errors import NotFound, Refused
from farthing.standalone.broker.connection import DEAD, DEAD_PREFIX, Broker
from farthing.standalone.broker.envelope import NoEvent, unwrap

if TYPE_CHECKING:
    from nats.aio.msg import Msg
    from nats.js import JetStreamContext
    from nats.js.api import RawStreamMsg

    from farthing.kit.api import Api
    from farthing.kit.events import Inbox
    from farthing.kit.telemetry import Log, Metrics

MOST = 100  # shown at once
_SUBJECT, _REASON, _DELIVERIES = "Farthing-Subject", "Farthing-Reason", "Farthing-Deliveries"


class StillRefused(Refused):
    issue = "EVENT_STILL_REFUSED"
    description = "The inbox refuses this event as before."


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """`number` names it; what it says stays inside: it may hold personal data."""

    number: int
    subject: str
    reason: str
    deliveries: int
    bytes: int


class DeadLetters:
    """Those of one service, in a stream of their own."""

    def __init__(self, service: str, broker: Broker, metrics: Metrics, log: Log) -> None:
        self._service, self._broker, self._log = service, broker, log
        self._subject = f"{DEAD_PREFIX}.{service}"
        self._counter = Counter("farthing_dead_letters_total", "Events that an inbox refused.", ("service",), registry=metrics.registry)
        self._counter.labels(service)

    async def bury(self, stream: JetStreamContext, message: Msg, reason: str) -> None:
        """Durable when this returns; the same message twice is one letter."""
        await self._broker.have_dead(stream)
        found = message.metadata
        headers = {_SUBJECT: message.subject, _REASON: reason, _DELIVERIES: str(found.num_delivered)}
        headers["Nats-Msg-Id"] = f"{self._service}-{found.sequence.stream}"
        await stream.publish(self._subject, message.data, headers=headers)
        self._counter.labels(self._service).inc()
        self._log.error("event.dead", subject=message.subject, reason=reason)

    async def listed(self) -> list[DeadLetter]:
        """The oldest ones. Raises BrokerAway."""
        found: list[DeadLetter] = []
        async with self._broker.asking() as (_, stream):
            await self._broker.have_dead(stream)
            message = await self._next(stream, 1)
            while message is not None and len(found) < MOST:
                found.append(letter := _letter(message))
                message = await self._next(stream, letter.number + 1)
        return found

    async def replay(self, number: int, inbox: Inbox) -> None:
        """Store it now, and forget it. Raises NotFound, StillRefused, BrokerAway."""
        async with self._broker.asking() as (_, stream):
            await self._broker.have_dead(stream)
            message = await self._next(stream, number)
            if message is None or message.seq != number:
                raise NotFound
            try:
                await inbox.receive([unwrap(message.data or b"")])
            except NoEvent as error:
                raise StillRefused(value=str(error)) from None
            await stream.delete_msg(DEAD, number)

    async def _next(self, stream: JetStreamContext, number: int) -> RawStreamMsg | None:
        try:
            return await stream.get_msg(DEAD, seq=number, subject=self._subject, next=True)
        except NotFoundError:
            return None


def declare(api: Api, letters: DeadLetters, inbox: Inbox) -> None:
    """GET /internal/v1/dead-letters and POST /internal/v1/dead-letters/{number}/replay."""

    @api.internal("GET", "/dead-letters", "dead_letters.list")
    async def listed(_call: Call) -> Response:
        return json_response({"dead_letters": await letters.listed()})

    @api.internal("POST", "/dead-letters/{number}/replay", "dead_letters.replay")
    async def replay(_call: Call, number: str) -> Response:
        if not number.isdigit() or len(number) > 18:
            raise NotFound
        await letters.replay(int(number), inbox)
        return NO_CONTENT


def _letter(message: RawStreamMsg) -> DeadLetter:
    headers = message.headers or {}
    return DeadLetter(
        message.seq or 0,
        headers.get(_SUBJECT, ""),
        headers.get(_REASON, ""),
        int(headers.get(_DELIVERIES, "0")),
        len(message.data or b""),
    )
