"""A running webhooks service, receivers on real sockets, and an independent check of signatures."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509 import load_pem_x509_certificate

from farthing.kit.events import Event
from tests.contract.specification.recording import Recording
from tests.contract.specification.validation import Specification
from tests.needs import find_specs
from tests.single import Single, StartSingle

STORE = ("sandbox-client-id", "STRE7X2KQ4M9W")
OTHER = ("other-client-id", "THER5J8WD3NPX")
SIBLING = ("second-client-id", "STRE7X2KQ4M9W")  # another app of the store's account
ROOT = "/v1/notifications"


@dataclass(frozen=True, slots=True)
class Received:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    @property
    def resource_id(self) -> str:
        return str(self.event["resource"]["id"])


@dataclass(slots=True)
class Receiver:
    """Somebody's server. `answers` says what it does with the next requests, `answer` with those after them.

    200 and other numbers are statuses; "close": the connection ends without a byte; "hang": no answer for as long as the test runs.
    """

    port: int = 0
    answer: int | str = 200
    answers: list[int | str] = field(default_factory=list)
    location: str = ""
    phrase: bytes = b"Whatever"
    received: list[Received] = field(default_factory=list)
    most_at_once: int = 0
    pause: float = 0.0
    hung: asyncio.Event = field(default_factory=asyncio.Event)
    _now: int = 0

    def url(self, path: str = "/hook") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    async def has(self, number: int, timeout: float = 10.0) -> list[Received]:
        """Wait until so many requests have come."""
        async with asyncio.timeout(timeout):
            while len(self.received) < number:  # noqa: ASYNC110 - nothing to wait on
                await asyncio.sleep(0.005)
        return self.received

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        try:
            await self._exchange(reader, writer)
        finally:
            self._now -= 1
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers["content-length"]))
        answer = self.answers.pop(0) if self.answers else self.answer
        self.received.append(Received(head[0].split(" ")[1], headers, body))
        await asyncio.sleep(self.pause)
        if answer == "hang":
            await self.hung.wait()
        if not isinstance(answer, int):
            return
        location = f"location: {self.location}\r\n" if self.location else ""
        content = "\r\n" if answer == 204 else "content-length: 2\r\n\r\nok"
        writer.write(b"HTTP/1.1 %d %s\r\n%s" % (answer, self.phrase, f"{location}{content}".encode()))
        await writer.drain()


StartReceiver = Callable[[], Awaitable[Receiver]]


@pytest.fixture
async def start_receiver() -> AsyncIterator[StartReceiver]:
    servers: list[tuple[asyncio.Server, Receiver]] = []
    serving: set[asyncio.Task[None]] = set()

    async def start() -> Receiver:
        receiver = Receiver()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            serving.add(task)
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await receiver.serve(reader, writer)

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        receiver.port = server.sockets[0].getsockname()[1]
        servers.append((server, receiver))
        return receiver

    yield start
    for server, receiver in servers:
        receiver.hung.set()
        server.close()
    if serving:
        await asyncio.wait(serving)


@pytest.fixture
async def receiver(start_receiver: StartReceiver) -> Receiver:
    return await start_receiver()


@dataclass(slots=True)
class App:
    """One app's view of the public API."""

    http: httpx2.AsyncClient
    headers: dict[str, str]

    def __post_init__(self) -> None:
        self.headers = {**self.headers, "content-type": "application/json"}

    async def call(self, method: str, path: str, body: object = None, status: int = 200) -> Any:
        """The answer's JSON (None without a body); the status must be as expected."""
        content = None if body is None else json.dumps(body)
        found = await self.http.request(method, f"{ROOT}{path}", content=content, headers=self.headers)
        assert found.status_code == status, found.text
        return found.json() if found.content else None

    async def refused(self, method: str, path: str, body: object = None, status: int = 400) -> tuple[str, str | None, str | None]:
        """Name of the error, and issue and field of its first detail."""
        answer = await self.call(method, path, body, status)
        detail = answer["details"][0] if answer.get("details") else {}
        return answer["name"], detail.get("issue"), detail.get("field")

    async def subscribe(self, url: str, *names: str) -> str:
        """Make a webhook (all events when none is named) and answer its id."""
        webhook = await self.call("POST", "/webhooks", {"url": url, "event_types": [{"name": name} for name in names or ("*",)]}, 201)
        return str(webhook["id"])

    async def certificate(self, url: str) -> bytes:
        found = await self.http.get(url.partition("127.0.0.1:8080")[2])
        assert found.status_code == 200
        return found.content


@dataclass(slots=True)
class Webhooks:
    """The service under test."""

    single: Single
    numbers: dict[str, int] = field(default_factory=dict)

    def app(self, who: tuple[str, str] = STORE, *scopes: str) -> App:
        return App(self.single.http, self.single.bearer(*who, *(scopes or ("applications/webhooks",))))

    async def happen(
        self,
        subject: str,
        event_type: str = "PAYMENT.CAPTURE.COMPLETED",
        who: tuple[str, str] = STORE,
        about: dict[str, str] | None = None,
        **resource: Any,
    ) -> str:
        """Another service says that something happened; answer the id of what it said."""
        self.numbers[subject] = number = self.numbers.get(subject, 0) + 1
        event = self.said(f"{subject}.{number}", subject, event_type, who, about, **resource)
        await self.receive(event)
        return event.id

    def said(
        self,
        event_id: str,
        subject: str,
        event_type: str,
        who: tuple[str, str] = STORE,
        about: dict[str, str] | None = None,
        **resource: Any,
    ) -> Event:
        data = {
            "client_id": who[0],
            "account_id": who[1],
            "resource_type": "capture",
            "resource_version": "2.0",
            "summary": "Something happened",
            "resource": {"id": subject, **resource},
        } | ({"about": about} if about else {})
        source = "orders" if event_type.startswith("CHECKOUT") else "payments"
        return Event(event_id, source, event_type, subject, json.dumps(data), self.single.clock.now())

    async def receive(self, *events: Event) -> None:
        inbox = self.single.running.inbox
        assert inbox is not None
        await inbox.receive(events)

    async def drain(self) -> int:
        return await self.single.running.worker.drain()

    async def count(self, table: str) -> int:
        row = await self.single.database.row(f"SELECT count(*) AS n FROM {table}")
        assert row is not None
        return int(row["n"])

    async def transmissions(self, who: tuple[str, str] = STORE) -> list[dict[str, Any]]:
        """Of all events of the app, the newest event first."""
        events = (await self.app(who).call("GET", "/webhooks-events?page_size=100"))["events"]
        return [transmission for event in events for transmission in event["transmissions"]]


@pytest.fixture
async def webhooks(single: StartSingle) -> AsyncIterator[Webhooks]:
    """Its worker does not run: `drain` does what is due. Where PayPal's OpenAPI files are at hand, every answer must conform to them."""
    made = Webhooks(await single("webhooks"))
    recording = Recording(specification(folder)) if (folder := find_specs()) else None
    if recording is not None:
        made.single.http.event_hooks = {"response": [recording.see_async]}
    yield made
    if recording is not None:
        recording.assert_conforming()


@cache
def specification(folder: Path) -> Specification:
    return Specification.load(folder)


@pytest.fixture
async def working(single: StartSingle) -> Webhooks:
    """Its worker runs."""
    return Webhooks(await single("webhooks", working=True))


def genuine(request: Received, webhook_id: str, certificate: bytes) -> bool:
    """Check a signature as PayPal documents it, without any code of ours."""
    headers = request.headers
    text = f"{headers['paypal-transmission-id']}|{headers['paypal-transmission-time']}|{webhook_id}|{binascii.crc32(request.body)}"
    key = load_pem_x509_certificate(certificate).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    try:
        key.verify(base64.b64decode(headers["paypal-transmission-sig"]), text.encode(), padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def to_verify(request: Received, webhook_id: str) -> dict[str, Any]:
    """What a receiver sends to the verification endpoint, the event as parsed."""
    headers = request.headers
    return {
        "auth_algo": headers["paypal-auth-algo"],
        "cert_url": headers["paypal-cert-url"],
        "transmission_id": headers["paypal-transmission-id"],
        "transmission_sig": headers["paypal-transmission-sig"],
        "transmission_time": headers["paypal-transmission-time"],
        "webhook_id": webhook_id,
        "webhook_event": request.event,
    }
