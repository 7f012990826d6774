"""From the stream to the inbox: one durable consumer for each service, received by one process of it at a time."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, ConsumerInfo, DeliverPolicy
from nats.js.errors import NotFoundError

from farthing.kit.errors import Unavailable
from farthing.standalone.broker.connection import EVENTS, EVENTS_PREFIX, Broker, BrokerAway
from farthing.standalone.broker.envelope import NoEvent, filters_of, unwrap, widened
from farthing.standalone.broker.pulling import BATCH, Pull
from farthing.standalone.broker.tidying import Tidying

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from nats.js import JetStreamContext

    from farthing.kit.db import Connection, Database
    from farthing.kit.events import Inbox
    from farthing.kit.manifest import Manifest
    from farthing.kit.telemetry import Log
    from farthing.standalone.broker.dead_letters import DeadLetters

ACK_WAIT = 10.0  # seconds after which what a dead process had received is delivered again
DELIVERIES = 5  # of an event that the inbox refuses; then it is a dead letter
DRAIN_TIME = 15.0  # seconds
_FIRST_PAUSE = 0.5  # seconds, doubled with each delivery and each failure
_LONGEST_PAUSE = 10.0
_TURN = 1.0  # seconds between two questions whose turn it is
_MANY_FILTERS = (2, 10)  # the first version of the server that knows them
_WRONG_DATA: Final = ("22", "23")  # classes of PostgreSQL's errors that no repetition mends
_AGAIN = 3.0  # seconds until we ask anew what others have that was not stored

# Held by a session, not by a transaction: whose connection breaks has lost its turn, and can store nothing more.
_TAKE_TURN = "SELECT pg_try_advisory_lock(hashtext('farthing-events-' || $1))"


class Consumer:
    """The source of one service's inbox (kit.events). Events that were stored are acknowledged; the others come again."""

    def __init__(self, manifest: Manifest, broker: Broker, database: Database, inbox: Inbox, dead: DeadLetters, log: Log) -> None:
        self._name, self._manifest = manifest.name, manifest
        self._broker, self._database, self._inbox, self._dead, self._log = broker, database, inbox, dead, log
        self._tidying = Tidying()
        self._mine = False

    @property
    def mine(self) -> bool:
        return self._mine

    async def run(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            try:
                await self._take_turn()
                pause = _FIRST_PAUSE
            except Unavailable as error:
                self._log.warning("events.wait", reason=str(error))
                pause = min(2 * pause, _LONGEST_PAUSE)
            except Exception as error:  # noqa: BLE001 - the edge of the worker
                self._log.error("events.failed", error)
                pause = min(2 * pause, _LONGEST_PAUSE)
            await asyncio.sleep(pause)

    async def drain(self) -> int:
        """Wait until the stream has nothing for us, received by whoever has the turn. Raises Unavailable."""
        most = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_TIME):
                while waiting := await self._waiting():
                    most = max(most, waiting)
                    await asyncio.sleep(0.02)
                return most
        raise Unavailable(description="Events are still on their way.")

    async def _waiting(self) -> int:
        async with self._broker.asking() as (client, stream):
            return _waiting(await self._have_consumer(client, stream))

    async def _take_turn(self) -> None:
        async with self._database.connection() as connection:
            try:
                await self._turn(connection)
            except BaseException:
                connection.terminate()  # it may hold the turn, and no statement gives that for sure: it too can fail or be cancelled
                raise

    async def _turn(self, connection: Connection) -> None:
        if not await connection.fetchval(_TAKE_TURN, self._name):
            await asyncio.sleep(_TURN)
            return
        try:
            self._mine = True
            self._inbox.woken.set()
            await self._while_mine(connection)
        finally:
            self._mine = False

    async def _while_mine(self, connection: Connection) -> None:
        """The turn stays ours while only the broker is away."""
        pause = _FIRST_PAUSE
        while True:
            try:
                await self._receive(connection)
            except BrokerAway:
                await connection.execute("SELECT 1")
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE / 5)

    async def _receive(self, connection: Connection) -> None:
        async with self._broker.asking() as (client, stream):
            info = await self._have_consumer(client, stream)
            pull = await Pull.of(client, EVENTS, self._name, info.delivered.consumer_seq if info.delivered is not None else 0)
            try:
                messages = await self._come_again(pull, info.num_ack_pending or 0)
                while True:
                    messages = messages or await pull.some()
                    if messages:
                        await self._take(connection, messages)
                    else:
                        await connection.execute("SELECT 1")  # is the turn still ours?
                    messages = []
                    await self._tidying.step(stream)
            finally:
                with suppress(NatsError, OSError, TimeoutError):
                    await pull.close()

    async def _have_consumer(self, client: Client, stream: JetStreamContext) -> ConsumerInfo:
        """Make our durable consumer, or widen what it lets through; a version that knows fewer events must not narrow it."""
        await self._broker.have_events(stream)
        info: ConsumerInfo | None = None
        known: set[str] = set()
        try:
            info = await stream.consumer_info(EVENTS, self._name)
            known = {*(info.config.filter_subjects or ()), *filter(None, [info.config.filter_subject])}
        except NotFoundError:
            pass
        wanted = widened(known, filters_of(self._manifest))
        if len(wanted) > 1 and _version(client) < _MANY_FILTERS:
            wanted = {f"{EVENTS_PREFIX}.>"}  # the inbox passes over what it does not want
        return info if info is not None and known == wanted else await stream.add_consumer(EVENTS, self._config(sorted(wanted)))

    def _config(self, filters: list[str]) -> ConsumerConfig:
        single = {"filter_subject": filters[0]} if len(filters) == 1 else {"filter_subjects": filters}
        return ConsumerConfig(
            durable_name=self._name,
            deliver_policy=DeliverPolicy.ALL,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ACK_WAIT,
            max_deliver=-1,
            max_ack_pending=5 * BATCH,
            **single,
        )

    async def _come_again(self, pull: Pull, outstanding: int) -> list[Msg]:
        """What a process had received and not stored, and what is new meanwhile: to be stored together, so each subject keeps its order.

        Raises ConnectionError when not all of it has come: perhaps it was stored after all, and who asks anew learns that.
        """
        found: dict[int, Msg] = {}
        again: set[int] = set()  # what we were the first to be given may also come again, and is not what we wait for
        until = time.monotonic() + _AGAIN
        while outstanding > len(again):
            if time.monotonic() > until:
                raise ConnectionError("still outstanding")
            for message in await pull.some():
                number = message.metadata.sequence.stream
                if message.metadata.num_delivered > 1 and number not in found:
                    again.add(number)
                found[number] = message
        return [found[number] for number in sorted(found)]

    async def _take(self, connection: Connection, messages: Sequence[Msg]) -> None:
        try:
            await self._inbox.receive([unwrap(message.data) for message in messages], connection)
        except Exception as error:
            if not _is_wrong_data(error):
                raise
            for message in messages:
                await self._take_alone(connection, message)
            return
        for message in messages:
            await message.ack()

    async def _take_alone(self, connection: Connection, message: Msg) -> None:
        try:
            await self._inbox.receive([unwrap(message.data)], connection)
        except Exception as error:
            if not _is_wrong_data(error):
                raise
            await self._refuse(connection, message, error)
        else:
            await message.ack()

    async def _refuse(self, connection: Connection, message: Msg, error: Exception) -> None:
        deliveries = message.metadata.num_delivered
        if deliveries < DELIVERIES:
            await message.nak(delay=_FIRST_PAUSE * 2 ** (deliveries - 1))
            return
        await self._dead.bury(connection, message, type(error).__name__)
        await message.term()


def _waiting(info: ConsumerInfo) -> int:
    return (info.num_pending or 0) + (info.num_ack_pending or 0)


def _version(client: Client) -> tuple[int, int]:
    version = client.connected_server_version
    return version.major, version.minor


def _is_wrong_data(error: Exception) -> bool:
    """Whether the event itself is what cannot be stored; anything else may go well the next time."""
    return isinstance(error, (NoEvent, ValueError, TypeError)) or str(getattr(error, "sqlstate", "")).startswith(_WRONG_DATA)
