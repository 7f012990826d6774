"""PayPal-Request-Id: what an earlier request with the same id did is answered again (wire contract, section 7.2)."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Final

import orjson

from farthing.kit.call import Call
from farthing.kit.clock import Clock
from farthing.kit.errors import Detail, InvalidRequest
from farthing.orders.domain.totals import Json
from farthing.orders.errors import RequestIdReused
from farthing.orders.repository import Earlier, Key

KEPT: Final = timedelta(hours=6)
_LONGEST: Final = 108


class Replay:
    """Makes the keys under which requests leave their records. A key is of one app, operation and path."""

    def __init__(self, clock: Clock, *, strict: bool) -> None:
        self._clock, self._strict = clock, strict

    def key(self, call: Call, body: Json | None) -> Key | None:
        """None without a request id. `body` without card numbers, for a digest of them would be nearly as good. Raises InvalidRequest."""
        request_id = call.request_id
        if request_id is None:
            return None
        if len(request_id) > _LONGEST:
            raise InvalidRequest(Detail("INVALID_STRING_LENGTH", f"At most {_LONGEST} characters.", field="PayPal-Request-Id"))
        name = f"{call.caller.subject} {call.operation} {call.path} {request_id}"
        return Key(name, self._print(body), self._clock.now() + KEPT)

    def check(self, key: Key, record: Earlier) -> None:
        """Raises RequestIdReused in strict mode when the earlier request had another body."""
        if key.print and record.print and key.print != record.print:
            raise RequestIdReused

    def _print(self, body: Json | None) -> str:
        if not self._strict:
            return ""
        return hashlib.sha256(orjson.dumps(body or {}, option=orjson.OPT_SORT_KEYS)).hexdigest()
