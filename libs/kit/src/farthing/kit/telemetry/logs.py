"""Log lines: one JSON object each, an event name and fields. Never personal data, secrets or card numbers."""

from __future__ import annotations

import sys
import traceback
from typing import BinaryIO

import orjson

from farthing.kit.call import TRAIL
from farthing.kit.clock import real_now


class Log:
    """Writes JSON lines to a stream (standard error by default)."""

    def __init__(self, service: str, version: str, stream: BinaryIO | None = None) -> None:
        self._fixed = {"service": service, "version": version}
        self._stream = stream

    def info(self, event: str, **fields: object) -> None:
        self._write("info", event, fields)

    def warning(self, event: str, **fields: object) -> None:
        self._write("warning", event, fields)

    def error(self, event: str, error: BaseException | None = None, **fields: object) -> None:
        """Log an error of ours. Of the exception: its type and where, never its text, which may quote a request."""
        if error is not None:
            frames = traceback.extract_tb(error.__traceback__)[-6:]
            fields = {
                **fields,
                "error": type(error).__name__,
                "at": [f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in frames],
            }
        self._write("error", event, fields)

    def _write(self, level: str, event: str, fields: dict[str, object]) -> None:
        line: dict[str, object] = {"time": real_now().isoformat(), "level": level, "event": event, **self._fixed}
        trail = TRAIL.get()
        if trail is not None:
            line["trace_id"], line["debug_id"] = trail.trace_id, trail.debug_id
        stream = self._stream or sys.stderr.buffer
        stream.write(orjson.dumps({**line, **fields}, option=orjson.OPT_APPEND_NEWLINE, default=str))
        stream.flush()
