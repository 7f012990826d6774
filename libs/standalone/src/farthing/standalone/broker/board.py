"""What the operator has done, in a key-value bucket that every process follows (kit.board)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from nats.errors import Error as NatsError
from nats.js.api import KeyValueConfig, StorageType
from nats.js.errors import BucketNotFoundError, KeyNotFoundError, KeyWrongLastSequenceError
from nats.js.kv import KeyValue

from farthing.kit.errors import Unavailable
from farthing.standalone.broker.connection import CONTROL, Broker, BrokerAway
from farthing.standalone.broker.doings import apply, read, written

if TYPE_CHECKING:
    from nats.aio.msg import Msg
    from nats.aio.subscription import Subscription
    from nats.js import JetStreamContext

    from farthing.kit.board import Doings
    from farthing.kit.service import Host

KEY: Final = "doings"
_NEWS: Final = "farthing.control.news"
_CLAIMS: Final = "farthing.control.claims"
_CONSOLES: Final = "consoles"  # of several replicas one counts
_LOOK = 2.0  # seconds between two looks at the bucket; news come at once
_TRIES = 5  # against other replicas of the console
PATIENCE = 5.0  # seconds for `seen`


class NatsBoard:
    """The board of one process. It is behind until it has read the bucket once; later it keeps what it knows while the broker is away."""

    def __init__(self, broker: Broker, host: Host, changed: Callable[[], None]) -> None:
        self._broker, self._host, self._changed = broker, host, changed
        self._number = -1
        self._moved = asyncio.Event()
        self._load: Callable[[], Awaitable[Doings]] | None = None
        self._claim: Callable[[str], Awaitable[bool]] | None = None
        self._listening: list[Subscription] = []

    @property
    def behind(self) -> bool:
        return self._number < 0

    def own(self, load: Callable[[], Awaitable[Doings]], claim: Callable[[str], Awaitable[bool]]) -> None:
        self._load, self._claim = load, claim

    async def run(self) -> None:
        """Follow until cancelled; an owner also mends a bucket that is not as it left it."""
        while True:
            self._broker.came_back.clear()
            try:
                await self._listen()
                await self._look()
                if self._load is not None:
                    await self.publish()
            except Unavailable:
                pass  # the broker has said so
            except Exception as error:  # noqa: BLE001 - the edge of a task
                self._host.log.error("control.failed", error)
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK):
                    await self._broker.came_back.wait()

    async def publish(self) -> int:
        """Raises BrokerAway."""
        if self._load is None:
            message = "only the process that owns the board publishes"
            raise RuntimeError(message)
        async with self._broker.asking() as (client, stream):
            bucket = await self._bucket(stream)
            for _ in range(_TRIES):
                last, present = await _entry(bucket)
                raw = written(await self._load())
                if raw == present:
                    break
                with suppress(KeyWrongLastSequenceError):
                    last = await bucket.update(KEY, raw, last=last)
                    await client.publish(_NEWS, b"%d\n%b" % (last, raw))
                    break
            else:
                raise BrokerAway
        self._follow(last, raw)
        return last

    async def seen(self, number: int) -> None:
        until = time.monotonic() + PATIENCE
        while self._number < number:
            self._moved.clear()
            try:
                async with asyncio.timeout(min(_LOOK, max(0.01, until - time.monotonic()))):
                    await self._moved.wait()
            except TimeoutError:
                if time.monotonic() >= until:
                    raise Unavailable(description="This process does not know yet what the operator did.") from None
                await self._look()

    async def claim(self, fault_id: str) -> bool:
        """Ask whoever counts; a fault that nobody counts does not strike."""
        if self._claim is not None:
            return await self._claim(fault_id)
        try:
            async with self._broker.asking() as (client, _):
                return bool((await client.request(_CLAIMS, fault_id.encode(), timeout=2)).data == b"1")
        except BrokerAway:
            return False

    async def _listen(self) -> None:
        if self._listening:
            return
        async with self._broker.asking() as (client, _):
            self._listening.append(await client.subscribe(_NEWS, cb=self._heard))
            if self._claim is not None:
                self._listening.append(await client.subscribe(_CLAIMS, queue=_CONSOLES, cb=self._asked))
            await client.flush(timeout=2)

    async def _look(self) -> None:
        before = self._number
        async with self._broker.asking() as (_, stream):
            number, raw = await _entry(await self._bucket(stream))
        if self._number != before:
            return  # news overtook this answer
        if raw is None:
            self._number = max(self._number, 0)  # nothing was ever done: real time, no faults
        elif number != self._number:  # smaller: the bucket was made anew
            self._number = -1
            self._follow(number, raw)

    async def _heard(self, message: Msg) -> None:
        number, _, raw = message.data.partition(b"\n")
        self._follow(int(number), raw)

    async def _asked(self, message: Msg) -> None:
        assert self._claim is not None  # noqa: S101 - for the type checker
        try:
            mine = await self._claim(message.data.decode())
        except Unavailable:
            mine = False
        with suppress(NatsError):
            await message.respond(b"1" if mine else b"0")

    def _follow(self, number: int, raw: bytes) -> None:
        if number <= self._number:
            return
        apply(read(raw), self._host)
        self._number = number
        self._moved.set()
        self._changed()

    async def _bucket(self, stream: JetStreamContext) -> KeyValue:
        try:
            return await stream.key_value(CONTROL)
        except BucketNotFoundError:
            config = KeyValueConfig(bucket=CONTROL, history=1, storage=StorageType.FILE, replicas=self._broker.replicas)
            return await stream.create_key_value(config)


async def _entry(bucket: KeyValue) -> tuple[int, bytes | None]:
    try:
        entry = await bucket.get(KEY)
    except KeyNotFoundError:
        return 0, None
    return entry.revision or 0, entry.value
