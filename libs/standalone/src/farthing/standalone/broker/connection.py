"""The connection to NATS: made in the background, kept, and made again."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, StorageType, StreamConfig
from nats.js.errors import BadRequestError, NotFoundError

from farthing.kit.errors import Unavailable
from farthing.kit.work import end

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from farthing.kit.telemetry import Log
    from farthing.standalone.settings import BrokerSettings

EVENTS: Final = "FARTHING_EVENTS"
EVENTS_PREFIX: Final = "farthing.events"
CONTROL: Final = "FARTHING_CONTROL"
INBOXES: Final = "_INBOX"

PATIENCE = 3.0  # seconds for one question to the broker
_PAUSE = 0.5  # seconds between two attempts to connect
_DAY = 86_400.0
_TWINS = 600.0  # seconds in which the same event, published again, is recognised; the inbox recognises it for a day


class BrokerAway(Unavailable):
    """NATS does not answer now."""

    def __init__(self) -> None:
        super().__init__(description="The message broker cannot be reached.")


class Broker:
    """One connection of this process. Every use of it stands inside `asking`, so that trouble is always BrokerAway."""

    def __init__(self, settings: BrokerSettings, name: str, log: Log) -> None:
        self._settings, self._name, self._log = settings, name, log
        self._client: Client | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._made: set[str] = set()
        self.came_back = asyncio.Event()

    def open(self) -> None:
        """Begin to connect; nobody waits for it here."""
        self._connecting = asyncio.create_task(self._connect())

    async def close(self) -> None:
        if self._connecting is not None:
            await end([self._connecting])
        if self._client is not None:
            await self._forsake(self._client)

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[tuple[Client, JetStreamContext]]:
        """Raises BrokerAway instead of whatever the client raises."""
        client = self._client
        if client is None or not client.is_connected:
            raise BrokerAway
        try:
            yield client, client.jetstream(timeout=PATIENCE)
        except (NatsError, OSError, TimeoutError) as error:
            self._made.clear()  # perhaps a stream is gone
            self._log.warning("broker.failed", error=type(error).__name__)
            raise BrokerAway from error

    async def have_events(self, stream: JetStreamContext) -> None:
        """Make the stream of events if it is not there. An existing one belongs to its operator and is left as it is."""
        wanted = StreamConfig(
            name=EVENTS,
            subjects=[f"{EVENTS_PREFIX}.>"],
            storage=StorageType.FILE,
            max_age=3 * _DAY,
            max_bytes=self._settings.stream_bytes,
            discard=DiscardPolicy.NEW,  # full: events wait in their outbox, none is dropped
            duplicate_window=_TWINS,
            num_replicas=self._settings.replicas,
        )
        await self._have(stream, wanted)

    @property
    def replicas(self) -> int:
        return self._settings.replicas

    async def _have(self, stream: JetStreamContext, wanted: StreamConfig) -> None:
        assert wanted.name is not None  # noqa: S101 - for the type checker
        if wanted.name in self._made:
            return
        try:
            await stream.stream_info(wanted.name)
        except NotFoundError:
            with suppress(BadRequestError):  # another process was quicker
                await stream.add_stream(wanted)
        self._made.add(wanted.name)

    async def _connect(self) -> None:
        settings = self._settings
        while True:
            client = self._client = Client()  # known before it connects, so that `close` finds it half connected, too
            with suppress(NatsError, OSError, TimeoutError):
                await client.connect(
                    settings.url,
                    name=f"farthing-{self._name}",
                    user=settings.user,
                    password=settings.password,
                    inbox_prefix=f"{INBOXES}.{self._name}",  # so that nobody else may read the answers we get
                    allow_reconnect=True,
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=_PAUSE,  # type: ignore[arg-type]  # a fraction serves as well
                    connect_timeout=2,
                    ping_interval=10,
                    max_outstanding_pings=2,
                    error_cb=self._failed,
                    disconnected_cb=self._left,
                    reconnected_cb=self._back,
                )
                await self._back()
                return
            await self._forsake(client)
            await asyncio.sleep(_PAUSE)

    async def _forsake(self, client: Client) -> None:
        with suppress(NatsError, OSError, TimeoutError):
            await client.close()

    async def _failed(self, error: Exception) -> None:
        self._log.warning("broker.trouble", error=type(error).__name__)

    async def _left(self) -> None:
        self._log.warning("broker.away")

    async def _back(self) -> None:
        self._made.clear()
        self._log.info("broker.connected")
        self.came_back.set()
