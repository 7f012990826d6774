"""One call between services: a typed client over one of two transports, HTTP or in-process ASGI.

Both send the same bytes through the same middleware with the same token. The callee is never cancelled when the caller gives up:
"timed out, but executed" exists in both.
"""

from __future__ import annotations

import asyncio
import contextvars
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

import orjson
from pydantic import BaseModel

from farthing.kit.call import TRAIL, Headers, Trail
from farthing.kit.db.guard import refuse_inside_transaction
from farthing.kit.edge import bearer_trail
from farthing.kit.errors import AnyError, ApiError, Detail, OutcomeUnknown, Unavailable
from farthing.kit.faults import ResponseLost
from farthing.kit.telemetry.tracing import NO_SPANS, Facts, Spans, new_trail

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, MutableMapping

    from farthing.kit.auth import TokenSource

    AsgiApp = Callable[[Any, Any, Any], Coroutine[Any, Any, None]]

M = TypeVar("M", bound=BaseModel)
TIMEOUT = 10.0  # seconds a caller waits for one internal call
_OK = 300
_PROBLEM = 400


@dataclass(slots=True)
class Request:
    method: str
    path: str
    headers: Headers
    body: bytes = b""
    query: bytes = b""


@dataclass(slots=True)
class Answer:
    status: int = 0
    body: bytes = b""


class NotSent(Exception):
    """The request certainly did not reach the service."""


class NoAnswer(Exception):
    """The request may have been executed; no answer came."""


class Transport(Protocol):
    """Sends one request. Raises NotSent, NoAnswer."""

    async def send(self, request: Request, timeout: float) -> Answer: ...


class InProcessTransport:
    """Calls an ASGI application of this process as if over HTTP: own task, own context, the caller's time-out does not stop it."""

    def __init__(self, app: AsgiApp) -> None:
        self._app = app
        self._running: set[asyncio.Task[None]] = set()

    async def send(self, request: Request, timeout: float) -> Answer:
        loop = asyncio.get_running_loop()
        exchange = _Exchange(request.body)
        answered: asyncio.Future[None] = loop.create_future()
        work = self._app(_scope(request), exchange.receive, exchange.send)
        task: asyncio.Task[None] = loop.create_task(work, context=contextvars.Context())
        self._running.add(task)

        def done(finished: asyncio.Task[None]) -> None:
            self._running.discard(finished)
            error = None if finished.cancelled() else finished.exception()  # read also when nobody waits any more
            if answered.done():
                return
            if finished.cancelled() or error is not None:
                answered.set_exception(NoAnswer())
            else:
                answered.set_result(None)

        task.add_done_callback(done)
        timer = loop.call_later(timeout, _give_up, answered)
        try:
            await answered
        finally:
            timer.cancel()
        return exchange.answer

    async def drain(self) -> None:
        """Wait for what is still running, at shutdown."""
        if self._running:
            await asyncio.wait(self._running)


def _give_up(answered: asyncio.Future[None]) -> None:
    if not answered.done():
        answered.set_exception(NoAnswer())


class _Exchange:
    __slots__ = ("_body", "answer")

    def __init__(self, body: bytes) -> None:
        self._body, self.answer = body, Answer()

    async def receive(self) -> dict[str, Any]:
        return {"type": "http.request", "body": self._body, "more_body": False}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.answer.status = message["status"]
        else:
            self.answer.body += message.get("body", b"")


def _scope(request: Request) -> dict[str, Any]:
    return {
        "type": "http",
        "method": request.method,
        "path": request.path,
        "query_string": request.query,
        "headers": request.headers,
        "client": ("in-process", 0),
        "extensions": {},
    }


@dataclass(frozen=True, slots=True)
class Link:
    """How one service reaches another: transport, token and names; made by the host, one for each edge of the manifest."""

    caller: str
    callee: str
    transport: Transport
    tokens: TokenSource
    spans: Spans = NO_SPANS


class ServiceClient:
    """The base of every typed client. `errors` maps an issue to the exception it means."""

    errors: ClassVar[dict[str, type[ApiError]]] = {}

    def __init__(self, link: Link) -> None:
        self._link = link

    async def call(self, method: str, path: str, answer: type[M], *, body: BaseModel | None = None, key: str = "", query: bytes = b"") -> M:
        """Send and read the answer as a model. Raises the client's errors, Unavailable, OutcomeUnknown."""
        found = await self.send(method, path, body=body, key=key, query=query)
        return answer.model_validate_json(found.body)

    async def send(
        self, method: str, path: str, *, body: BaseModel | bytes | None = None, key: str = "", query: bytes = b"", timeout: float = TIMEOUT
    ) -> Answer:
        """Send; what reached nobody is tried once more, and so is a read or a keyed write that got no answer. Never inside a transaction.

        A try has `timeout` seconds, and no longer than the deadline of the request that it is for.
        """
        refuse_inside_transaction()
        trail = TRAIL.get() or new_trail(timeout, sampled=False)
        raw = body if isinstance(body, bytes) else b"" if body is None else body.model_dump_json(exclude_none=True).encode()
        if not trail.sampled:
            return await self._exchange(method, path, raw, key, query, trail, timeout)
        facts: Facts = {"http.request.method": method, "server.address": self._link.callee}
        with self._link.spans.span(f"{method} {self._link.callee}", "CLIENT", trail, facts):
            return await self._exchange(method, path, raw, key, query, TRAIL.get() or trail, timeout)

    async def _exchange(self, method: str, path: str, body: bytes, key: str, query: bytes, trail: Trail, timeout: float) -> Answer:
        headers = bearer_trail(trail)
        headers.append((b"authorization", b"Bearer " + self._link.tokens.token(self._link.callee).encode()))
        if key:
            headers.append((b"idempotency-key", key.encode()))
        if body:
            headers.append((b"content-type", b"application/json"))
        request = Request(method, f"/internal/v1{path}", headers, body, query)
        answer = await self._deliver(request, trail, timeout, repeatable=method == "GET" or bool(key))
        if answer.status < _OK:
            return answer
        raise self._error_of(answer)

    async def _deliver(self, request: Request, trail: Trail, timeout: float, *, repeatable: bool) -> Answer:
        unanswered = False
        for _ in range(2):
            left = min(timeout, trail.deadline - time.monotonic())
            if left <= 0:
                raise OutcomeUnknown(description="The time for this request is over.")
            try:
                return await self._link.transport.send(request, left)
            except NotSent:
                pass
            except (NoAnswer, ResponseLost):
                unanswered = True
                if not repeatable:
                    break
        if unanswered:  # the first try may have been executed, whatever became of the second
            raise OutcomeUnknown(description=f"The service {self._link.callee} did not answer.")
        raise Unavailable(description=f"The service {self._link.callee} cannot be reached.")

    def _error_of(self, answer: Answer) -> ApiError:
        """Rebuild the callee's error: its own class where the client knows the issue."""
        try:
            found, more = orjson.loads(answer.body).get("details", []), ("field", "value", "location")
            details = [Detail(one["issue"], one.get("description", ""), *map(one.get, more)) for one in found]
        except (orjson.JSONDecodeError, KeyError, AttributeError):
            details = []
        known = self.errors.get(details[0].issue) if details else None
        if known is not None:
            return known(*details)
        if answer.status in {401, 403} or (answer.status == _PROBLEM and not details):
            return AnyError(500, Detail("INTERNAL_CALL_REFUSED", f"{self._link.callee} refused a call of {self._link.caller}."))
        if answer.status >= 500:
            return OutcomeUnknown(description=f"The service {self._link.callee} could not finish.")
        return AnyError(answer.status, *details)
