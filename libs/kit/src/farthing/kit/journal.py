"""The last public requests and answers, in memory. What may hold a secret or a card is masked before it enters."""

from __future__ import annotations

import re
from collections import deque
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

import orjson

_KEPT = 1_000
_LONGEST = 16_384
_DEEPEST = 100  # levels: neither Python nor orjson writes what is nested without end, and no order is
_SECRET = re.compile(r"secret|password|token|assertion|authorization|security_code|cvv|number|expiry|code_verifier|sig", re.IGNORECASE)
# Plain substrings: looking for them costs next to nothing, a regular expression would cost more than reading the request.
_SENSITIVE = (b"card", b'number"', b'token"', b"secret", b"password", b"assertion", b"verifier")
_PAN = re.compile(r"\b\d(?:[ -]?\d){11,18}\b")
MASK = "********"


class TooDeep(ValueError):
    """JSON inside JSON, more often than is followed."""


class Entry(NamedTuple):
    at: datetime
    service: str
    operation: str
    method: str
    path: str
    status: int
    milliseconds: float
    debug_id: str
    app: str | None
    request: bytes
    response: bytes


class Journal:
    """A ring of the last requests, 32 MiB at most. Masking costs: a body without anything suspicious is masked only when it is read."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=_KEPT)

    def add(self, entry: Entry) -> None:
        if _must_be_masked(entry.request) or _must_be_masked(entry.response):
            entry = entry._replace(request=orjson.dumps(masked(entry.request)), response=orjson.dumps(masked(entry.response)))
        self._entries.append(entry)

    def entries(self, operation: str | None, status: int | None, limit: int) -> list[Entry]:
        """The newest first."""
        return list(islice((e for e in reversed(self._entries) if operation in {None, e.operation} and status in {None, e.status}), limit))

    def clear(self) -> None:
        self._entries.clear()


def _must_be_masked(body: bytes) -> bool:
    """It may hold a secret, as what is not JSON (a form with credentials) may, or it is longer than what is kept."""
    return bool(body) and (len(body) > _LONGEST or body[:1] not in b"{[" or any(word in body for word in _SENSITIVE))


def masked(body: bytes) -> Any:  # noqa: ANN401 - any JSON
    """JSON with secrets and card data masked; what is not JSON, too long or too deep is only measured."""
    if not body:
        return None
    if len(body) > _LONGEST:
        return f"{len(body)} bytes"
    try:
        return _mask(orjson.loads(body))
    except orjson.JSONDecodeError:
        return f"{len(body)} bytes, not JSON"
    except TooDeep:
        return f"{len(body)} bytes"


def _mask(value: Any, depth: int = 0) -> Any:  # noqa: ANN401
    """Raises TooDeep."""
    if depth > _DEEPEST:
        raise TooDeep
    if isinstance(value, dict):
        return {
            name: MASK if _SECRET.search(name) and isinstance(inner, (str, int)) else _mask(inner, depth + 1)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_mask(inner, depth + 1) for inner in value]
    return _PAN.sub(MASK, value) if isinstance(value, str) else value
