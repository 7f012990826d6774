"""One request, from the server to the operation and back: the only middleware there is.

    path → endpoint → trace → caller → fault or mocked answer → body → operation → error envelope → metrics, log, journal

The same class serves the public and the internal side of a service; they differ in routes and in who is asked for which token.
"""

from __future__ import annotations

import asyncio
import re
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl, urlencode

import orjson

from farthing.kit.api import Endpoint, RouteTable
from farthing.kit.auth import Verifier
from farthing.kit.call import TRAIL, Call, Response, Trail, error_response
from farthing.kit.errors import AnyError, ApiError, BodyIncomplete, BodyTooLarge, Detail, NotPermitted, Unauthenticated, UnsupportedMedia
from farthing.kit.faults import Fault, Faults, Kind, ResponseLost
from farthing.kit.journal import Entry, Journal
from farthing.kit.telemetry.tracing import Facts, new_span_id, new_trail, trail_of
from farthing.kit.validation import parse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from farthing.kit.api import Api
    from farthing.kit.clock import Clock
    from farthing.kit.manifest import Manifest
    from farthing.kit.settings import Settings
    from farthing.kit.telemetry import Log, Metrics, Tracing

    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PUBLIC_TIMEOUT = 30.0  # seconds
BODY_TIMEOUT = 10.0  # seconds for all of a request to arrive
LARGEST_BODY = 1_000_000  # bytes
SCOPE_PREFIX = "https://uri.paypal.com/services/"
# SDKs can be pointed here by a base URL that they join with their own absolute one (wire contract, section 6.4 B).
_JOINED = re.compile(r"^/https://?api(?:-m)?(?:\.sandbox)?\.paypal\.com(?=/)")  # a gateway may have merged the slashes


class EdgeParts(Protocol):
    """What an edge needs of the process around it."""

    @property
    def settings(self) -> Settings: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def faults(self) -> Faults: ...
    @property
    def journal(self) -> Journal | None: ...
    @property
    def metrics(self) -> Metrics: ...
    @property
    def tracing(self) -> Tracing: ...
    @property
    def log(self) -> Log: ...


class Edge:
    """An ASGI application that serves one side of a service."""

    def __init__(self, manifest: Manifest, api: Api, parts: EdgeParts, verifier: Verifier, callers: frozenset[str] | None = None) -> None:
        self._public = callers is None
        self._callers = callers or frozenset()
        self._table = RouteTable(api.public_endpoints, api.unmatched) if self._public else RouteTable(api.internal_endpoints)
        self._catalogue, self._about, self._said = api.catalogue, api.facts, api.said
        self._name, self._version = manifest.name, manifest.version
        self._parts, self._verifier, self._spans = parts, verifier, parts.tracing.of(manifest.name, manifest.version)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        started = time.perf_counter()
        call = self._begin(scope)
        token = TRAIL.set(call.trail)
        try:
            response = await self._respond(call, receive)
        except ResponseLost:
            self._finish(call, Response(499), started)
            abort = scope.get("extensions", {}).get("farthing.abort")
            if abort is None:
                raise
            abort()
            return
        finally:
            TRAIL.reset(token)
        self._finish(call, response, started)
        await _send(send, call, response, receive)

    def _begin(self, scope: Scope) -> Call:
        headers = dict(scope["headers"])
        if self._public:
            sandboxed = self._parts.settings.sandbox and headers.get(b"farthing-trace") == b"1"
            trail = new_trail(PUBLIC_TIMEOUT, sampled=self._parts.tracing.active and (sandboxed or self._parts.tracing.decide()))
        else:
            deadline = headers.get(b"farthing-deadline")
            timeout = int(deadline) / 1000 if deadline and deadline.isdigit() else PUBLIC_TIMEOUT
            trail = trail_of(headers.get(b"traceparent", b"").decode("latin-1"), timeout)
        call = Call(scope["method"], normalise(scope["path"]), "unknown", headers, scope["query_string"], b"", trail)
        if trail.sampled:  # what it calls is below its own span, which is handed over at its end
            call.parent, trail.span_id = trail.span_id, trail.span_id if self._public else new_span_id()
            trail.facts = {} if self._public else self._told(call)
        return call

    async def _respond(self, call: Call, receive: Receive) -> Response:
        try:
            try:
                endpoint, arguments = self._table.match(call.method, call.path)
                call.operation, call.route = endpoint.operation, endpoint.path
                return await self._run(call, endpoint, arguments, receive)
            except ApiError as error:
                return self._said(call, error)  # may fail as well: what it quotes is a stranger's
        except ResponseLost:
            raise
        except Exception as error:  # noqa: BLE001 - the edge of the process: nothing but an envelope may leave
            self._parts.log.error("request.failed", error, operation=call.operation)
            return error_response(call, AnyError(500))

    async def _run(self, call: Call, endpoint: Endpoint, arguments: dict[str, str], receive: Receive) -> Response:
        call.body = await (_read_in_time(call, receive) if self._public else _read(call, receive))
        await self._authenticate(call, endpoint)
        fault = await self._fault_before(call, arguments) if self._parts.faults.active else None
        if self._public and b"paypal-mock-response" in call.headers:
            self._mock(call)
        response = await endpoint.function(call, **arguments, **self._body(call, endpoint))
        if fault is not None:
            raise ResponseLost
        return response

    def _body(self, call: Call, endpoint: Endpoint) -> dict[str, Any]:
        """Raises UnsupportedMedia, InvalidRequest."""
        if endpoint.body is None:
            return {}
        absent = endpoint.optional_body and (not call.body or call.body == b"null")
        if not absent or endpoint.typed:
            unsaid = b"" if self._public else b"application/json"
            if b"json" not in call.headers.get(b"content-type", unsaid).lower():
                raise UnsupportedMedia(description="The request needs the header Content-Type: application/json.")
        return {"body": None if absent else parse(endpoint.body, call.body)}

    async def _authenticate(self, call: Call, endpoint: Endpoint) -> None:
        if endpoint.access == "open":
            return
        authorization = call.headers.get(b"authorization", b"")
        if authorization[:7].lower() != b"bearer ":
            raise Unauthenticated
        token = authorization[7:].decode("latin-1")
        principal = self._verifier.known(token) or await self._verifier.verify(token)
        if not (principal.subject in self._callers if endpoint.access == "service" else principal.may(endpoint.scopes)):
            raise NotPermitted
        call.principal = principal

    async def _fault_before(self, call: Call, arguments: dict[str, str]) -> Fault | None:
        """Delay, refuse, or answer the fault that takes the response away afterwards."""
        facts = call.trail.facts = await self._facts(call, arguments)

        async def planted(kind: Kind) -> Fault | None:
            if found := await self._parts.faults.claim(call.operation, facts, kind):
                call.note("farthing.fault", kind)
            return found

        if slow := await planted("latency"):
            await asyncio.sleep(slow.milliseconds / 1000)
        if await planted("expire"):
            raise Unauthenticated(description="Access Token has expired")
        if failing := await planted("error"):
            details = (Detail(failing.issue, "Injected by a fault rule."),) if failing.issue else ()
            raise AnyError(failing.status, *details)
        return await planted("lost_response")

    async def _facts(self, call: Call, arguments: dict[str, str]) -> dict[str, str]:
        """What the request is about: inside, what the caller said."""
        if not self._public:
            return self._told(call)
        app = {"app": call.principal.subject} if call.principal else {}
        return app | (await self._about(arguments) if self._about else {})

    def _told(self, call: Call) -> dict[str, str]:
        return dict(parse_qsl(call.header("farthing-facts") or ""))

    def _mock(self, call: Call) -> None:
        """Answer any documented issue of this operation (wire contract, section 7.5)."""
        if not self._parts.settings.sandbox:
            return
        try:
            issue = orjson.loads(call.headers[b"paypal-mock-response"])["mock_application_codes"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            issue = None
        known = self._catalogue.get(call.operation, {})
        if not isinstance(issue, str) or issue not in known:
            text = 'PayPal-Mock-Response takes {"mock_application_codes": one documented issue}.'
            raise AnyError(400, Detail("INVALID_PARAMETER_VALUE", text, field="PayPal-Mock-Response"))
        raise AnyError(known[issue]["status"], Detail(issue, "Asked for by PayPal-Mock-Response."), name=known[issue]["name"])

    def _finish(self, call: Call, response: Response, started: float) -> None:
        """What was done is done: whatever goes wrong here takes nobody's answer away."""
        try:
            self._record(call, response, time.perf_counter() - started)
        except Exception as error:  # noqa: BLE001 - the edge of the process
            self._parts.log.error("request.not_recorded", error, operation=call.operation, debug_id=call.debug_id)

    def _record(self, call: Call, response: Response, seconds: float) -> None:
        parts, app = self._parts, call.principal.subject if call.principal else None
        parts.metrics.served(self._name, self._version, call.operation, response.status, seconds)
        if call.trail.sampled or response.status >= 500 or "farthing.fault" in call.notes:
            self._hand_over(call, response, seconds)
        if self._public and parts.journal is not None:
            what = (parts.clock.now(), self._name, call.operation, call.method, call.path, response.status, seconds * 1000)
            parts.journal.add(Entry(*what, call.debug_id, app, call.body, response.body))
        if parts.settings.log_requests:
            facts = {"milliseconds": round(seconds * 1000, 3), "debug_id": call.debug_id, **call.notes}
            parts.log.info("request.served", operation=call.operation, status=response.status, **facts)

    def _hand_over(self, call: Call, response: Response, seconds: float) -> None:
        """The server span of a sampled request, of one under a fault, and of one that failed, whose trace is that span alone."""
        trail, outside, forced = call.trail, call.header("traceparent") if self._public else None, b"farthing-trace" in call.headers
        facts: Facts = {f"farthing.{name}_id": value for name, value in (trail.facts or {}).items()}
        facts |= {"farthing.debug_id": call.debug_id, "http.request.method": call.method, "http.response.status_code": response.status}
        facts |= {"http.route": call.route} | call.notes
        facts["farthing.forced"] = self._public and trail.sampled and forced
        if response.status >= 499:
            facts["error.type"] = str(response.status)
        own = trail if trail.sampled or self._public else replace(trail, span_id=new_span_id())
        parent = None if self._public else call.parent or trail.span_id
        self._spans.record(call.operation, "SERVER", own, parent, seconds, facts, trail_of(outside, 0) if outside else None)


def normalise(path: str) -> str:
    """Forgive what real clients send: double and trailing slashes, a joined absolute URL (wire contract, section 5, end)."""
    if path.startswith("/http"):
        path = _JOINED.sub("", path, count=1)
    while "//" in path:
        path = path.replace("//", "/")
    return path.rstrip("/?") or "/"


async def _read_in_time(call: Call, receive: Receive) -> bytes:
    """Whoever waits for all requests to end (a reset) must not wait for one that never begins. Raises BodyIncomplete."""
    try:
        async with asyncio.timeout(BODY_TIMEOUT):
            return await _read(call, receive)
    except TimeoutError:
        raise BodyIncomplete(description=f"The request body did not come within {BODY_TIMEOUT:g} seconds.") from None


async def _read(call: Call, receive: Receive) -> bytes:
    """Raises BodyTooLarge as soon as that is certain.

    Raises BodyIncomplete when the client went away before the end: what was cut off must not be taken for what was left out.
    """
    declared, received, more = int(call.headers.get(b"content-length", 0)), 0, True
    chunks: list[bytes] = []
    while more and max(declared, received) <= LARGEST_BODY:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BodyIncomplete
        chunks.append(message.get("body", b""))
        received, more = received + len(chunks[-1]), message.get("more_body", False)
    if max(declared, received) > LARGEST_BODY:
        call.unread = more
        raise BodyTooLarge(description=f"The request body is larger than {LARGEST_BODY} bytes.")
    return b"".join(chunks)  # one chunk, the usual case, is not copied


async def _send(send: Send, call: Call, response: Response, receive: Receive) -> None:
    """The whole answer at once. Who still sends gets time to: a connection that is closed on unread data takes the answer away again."""
    headers = [*response.headers, (b"paypal-debug-id", call.debug_id.encode()), (b"content-length", str(len(response.body)).encode())]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body, "more_body": call.unread})
    if call.unread:
        with suppress(TimeoutError):
            async with asyncio.timeout(BODY_TIMEOUT):
                while (await receive()).get("more_body"):
                    pass
        await send({"type": "http.response.body", "body": b""})


def bearer_trail(trail: Trail) -> list[tuple[bytes, bytes]]:
    """The headers that carry a trail to the next service."""
    remaining = max(1, int(trail.remaining() * 1000))
    facts = [(b"farthing-facts", urlencode(trail.facts).encode())] if trail.facts else []
    return [(b"traceparent", trail.traceparent.encode()), (b"farthing-deadline", str(remaining).encode()), *facts]
