"""One request as an operation sees it, and what travels along with it."""

from __future__ import annotations

import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import orjson

from farthing.kit.errors import Detail, InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from farthing.kit.auth import Principal
    from farthing.kit.errors import ApiError

Headers = list[tuple[bytes, bytes]]
JSON_HEADERS: Headers = [(b"content-type", b"application/json")]


@dataclass(slots=True)
class Trail:
    """What a call carries to the calls it causes: trace, the moment (monotonic seconds) after which nobody waits, facts for faults."""

    trace_id: str
    span_id: str
    sampled: bool
    deadline: float
    # What a fault can match and a span shows: app, order, buyer (his account's id, so nothing personal). None: nobody asks.
    facts: dict[str, str] | None = None

    @property
    def debug_id(self) -> str:
        """13 characters, the beginning of the trace id, so that it finds the trace (wire contract, section 7.1)."""
        return self.trace_id[:13]

    @property
    def traceparent(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"

    def remaining(self) -> float:
        return self.deadline - time.monotonic()


# The trail of the request or job that the present task works for; set by the edge and by workers.
TRAIL: ContextVar[Trail | None] = ContextVar("trail", default=None)


def about(**facts: str | None) -> None:
    """Say what the present task works for, to its span, and to the faults of whatever it calls from here on (see Trail.facts)."""
    trail = TRAIL.get()
    if trail is not None and trail.facts is not None:
        trail.facts = trail.facts | {name: value for name, value in facts.items() if value}


@dataclass(slots=True)
class Response:
    """An answer: status, body as bytes, headers besides content-type and content-length."""

    status: int
    body: bytes = b""
    headers: Headers = field(default_factory=lambda: JSON_HEADERS)


def json_response(content: Any, status: int = 200, headers: Iterable[tuple[bytes, bytes]] = ()) -> Response:  # noqa: ANN401 - any JSON
    """Answer JSON: bytes as they are, models and plain values serialised."""
    if isinstance(content, bytes):
        body = content
    elif hasattr(content, "model_dump_json"):
        body = content.model_dump_json(exclude_none=True).encode()
    else:
        body = orjson.dumps(content)
    return Response(status, body, [*JSON_HEADERS, *headers] if headers else JSON_HEADERS)


NO_CONTENT = Response(204, b"", [])


@dataclass(slots=True)
class Call:
    """One request: caller, headers, query, body; parsed on demand."""

    method: str
    path: str
    operation: str
    headers: dict[bytes, bytes]
    query_string: bytes
    body: bytes
    trail: Trail
    principal: Principal | None = None
    notes: dict[str, str] = field(default_factory=dict)
    unread: bool = False  # its body is too large, and the rest may still come
    route: str = ""
    parent: str = ""  # the caller's span, where this request is sampled

    def header(self, name: str) -> str | None:
        value = self.headers.get(name.encode("ascii"))
        return None if value is None else value.decode("latin-1")

    @property
    def debug_id(self) -> str:
        return self.trail.debug_id

    @property
    def caller(self) -> Principal:
        """The authenticated app or service. Only routes that demand none have none."""
        if self.principal is None:
            message = f"{self.operation} has no caller: its route is open"
            raise TypeError(message)
        return self.principal

    @property
    def request_id(self) -> str | None:
        """PayPal-Request-Id: the caller's idempotency key, 1 to 108 characters."""
        return self.header("paypal-request-id") or None

    @property
    def key(self) -> str:
        """The internal idempotency key, present on every write between services but a sign-in."""
        return self.header("idempotency-key") or ""

    @property
    def wants_representation(self) -> bool:
        return "return=representation" in (self.header("prefer") or "")

    def query(self, name: str) -> str | None:
        values = parse_qs(self.query_string.decode("latin-1"), keep_blank_values=True).get(name)
        if values and "\0" in values[0]:
            raise InvalidRequest(Detail("INVALID_PARAMETER_SYNTAX", "The value contains a NUL character.", field=name, location="query"))
        return values[0] if values else None

    def note(self, name: str, value: str) -> None:
        """Put an id on the span and the log line; never personal data."""
        self.notes[name] = value


def error_response(call: Call, error: ApiError) -> Response:
    """Answer an error's envelope."""
    return Response(error.status_code, error.body(call.debug_id), [*JSON_HEADERS, *error.headers()])
