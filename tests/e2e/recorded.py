"""A platform whose spans are kept, a store that is told by webhooks, and a checkout that is traced from end to end."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from farthing.kit.settings import Settings
from tests.e2e.test_first_checkout import UNIT
from tests.listening import listening
from tests.platform import TestPlatform, place_of
from tests.postgres import PostgresServer

BUYER = "buyer@example.com"
TOLD = ("CHECKOUT.ORDER.APPROVED", "PAYMENT.CAPTURE.COMPLETED", "PAYMENT.CAPTURE.REFUNDED")


class Store:
    """A merchant's server, which answers what it is told to, then 200."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.answers: list[int] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        self.received.append(body)
        status = self.answers.pop(0) if self.answers else 200
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})


@dataclass(frozen=True)
class Checkout:
    """An order, and the answers on its way: the name of each step and what came."""

    order: str
    answers: dict[str, httpx2.Response] = field(default_factory=dict)

    @property
    def capture(self) -> str:
        return str(self.answers["capture"].json()["purchase_units"][0]["payments"]["captures"][0]["id"])


class Recorded:
    """What a test does with it."""

    def __init__(self, platform: TestPlatform, exporter: InMemorySpanExporter, store: Store, url: str) -> None:
        self.platform, self.exporter, self.store, self._url = platform, exporter, store, url

    async def subscribe(self) -> None:
        body = {"url": f"{self._url}/hook", "event_types": [{"name": name} for name in TOLD]}
        await self.ask("POST", "/v1/notifications/webhooks", body, status=201)

    async def checkout(self, traced: str = "1", **unit: Any) -> Checkout:
        """Create, approve, capture; then everything that follows from it is done."""
        made = await self.ask("POST", "/v2/checkout/orders", {"intent": "CAPTURE", "purchase_units": [UNIT | unit]}, 201, traced)
        found = Checkout(made.json()["id"], {"create": made})
        found.answers["approve"] = await self.ask("POST", f"/_farthing/orders/{found.order}/approve", {"buyer": BUYER}, 200, traced)
        found.answers["capture"] = await self.ask("POST", f"/v2/checkout/orders/{found.order}/capture", {}, 201, traced)
        await self.platform.settle()
        return found

    async def ask(self, method: str, path: str, body: Any = None, status: int = 200, traced: str = "1", **more: str) -> httpx2.Response:
        headers = await self.platform.as_app(farthing_trace=traced, prefer="return=representation", **more)
        answer = await self.platform.http.request(method, path, json=body, headers=headers)
        assert answer.status_code == status, answer.text
        return answer

    def spans(self) -> list[Span]:
        self.platform.tracing.flush()
        return [Span(one) for one in self.exporter.get_finished_spans()]


class Span:
    """A finished span in short words."""

    def __init__(self, raw: ReadableSpan) -> None:
        assert raw.context is not None
        self.raw, self.name, self.kind = raw, raw.name, raw.kind.name
        self.trace, self.id = f"{raw.context.trace_id:032x}", raw.context.span_id
        self.parent = raw.parent.span_id if raw.parent else None
        self.service = str(raw.resource.attributes["service.name"])
        self.facts: Mapping[str, Any] = raw.attributes or {}

    def __repr__(self) -> str:
        return f"{self.service} {self.kind} {self.name}"


def traces_of(order: str, spans: Iterable[Span]) -> set[str]:
    """The traces that know this order: together they are its checkout."""
    return {span.trace for span in spans if span.facts.get("farthing.order_id") == order}


@contextlib.asynccontextmanager
async def recorded(server: PostgresServer, template: str, **settings: Any) -> AsyncIterator[Recorded]:
    database, exporter, store = server.create_database(template), InMemorySpanExporter(), Store()
    platform = TestPlatform(Settings(**settings), place_of(server, database), exporter=exporter)
    async with listening(store) as url:
        await platform.start()
        try:
            yield Recorded(platform, exporter, store, url)
        finally:
            await platform.close()
    server.drop_database(database)
