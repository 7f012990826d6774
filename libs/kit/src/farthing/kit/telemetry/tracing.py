"""Traces: W3C context over HTTP and over events. Whether a request is sampled is decided before the SDK is touched.

A request that is not sampled costs a few random bytes; its trace id still travels, so that every log line has it. A span is handed over
at its end, so an error that nobody sampled leaves one, too; never with an exception's text, which may quote a request.
"""

from __future__ import annotations

import os
import re
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from farthing.kit.call import TRAIL, Trail
from farthing.kit.clock import real_now

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
    from opentelemetry.trace import SpanContext

Facts = dict[str, str | int]
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")


def new_trail(timeout: float, *, sampled: bool) -> Trail:
    ids = os.urandom(24).hex()
    return Trail(ids[:32], ids[32:], sampled, time.monotonic() + timeout)


def new_span_id() -> str:
    return os.urandom(8).hex()


def trail_of(traceparent: str | None, timeout: float) -> Trail:
    """Continue the caller's trace; a missing or malformed header begins one."""
    found = _TRACEPARENT.fullmatch(traceparent or "")
    if found is None:
        return new_trail(timeout, sampled=False)
    return Trail(found[1], found[2], bool(int(found[3], 16) & 1), time.monotonic() + timeout)


class Tracing:
    """Hands spans to an exporter. Without an exporter nothing is sampled."""

    def __init__(self, ratio: float = 0.0, exporter: SpanExporter | None = None) -> None:
        self.active, self.processor = exporter is not None, None if exporter is None else _batched(exporter)
        self._threshold = int(ratio * 2**32) if self.active else 0

    def decide(self) -> bool:
        """Sample by ratio at the head."""
        return self._threshold > 0 and int.from_bytes(os.urandom(4), "big") < self._threshold

    def of(self, service: str, version: str) -> Spans:
        return Spans(self, service, version)

    def flush(self) -> None:
        if self.processor is not None:
            self.processor.force_flush(2_000)

    def close(self) -> None:
        if self.processor is not None:
            self.processor.shutdown()  # type: ignore[no-untyped-call]


class Spans:
    """Makes the spans of one service. The names of facts are listed in `observability/schema`."""

    def __init__(self, tracing: Tracing, service: str, version: str) -> None:
        self._tracing, self._service, self._version = tracing, service, version
        self._resource: Any = None

    @contextmanager
    def span(self, name: str, kind: str, trail: Trail, facts: Facts) -> Iterator[Facts]:
        """What the block does, as a span below `trail` if that is sampled; inside, TRAIL points to it, and more facts can be added."""
        traced = trail.sampled and self._tracing.active
        below = replace(trail, span_id=new_span_id()) if traced else trail
        token, started = TRAIL.set(below), time.perf_counter()
        try:
            yield facts
        except BaseException as error:
            facts["error.type"] = type(error).__name__
            raise
        finally:
            TRAIL.reset(token)
            if traced:
                self.record(name, kind, below, trail.span_id, time.perf_counter() - started, facts)

    def record(self, name: str, kind: str, own: Trail, parent: str | None, seconds: float, facts: Facts, link: Trail | None = None) -> None:
        """Hand over a span that ends now, with the ids of `own`; a fact `error.type` makes it a failure."""
        if self._tracing.processor is None:
            return
        from opentelemetry import trace as api  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import ReadableSpan  # noqa: PLC0415

        names = {"service.name": self._service, "service.version": self._version, "service.namespace": "farthing"}
        self._resource = self._resource or Resource.create(names)
        ended = int(real_now().timestamp() * 1e9)
        span = ReadableSpan(
            name,
            _context(own.trace_id, own.span_id),
            None if parent is None else _context(own.trace_id, parent),
            self._resource,
            facts,
            links=() if link is None else (api.Link(_context(link.trace_id, link.span_id)),),
            kind=api.SpanKind[kind],
            status=api.Status(api.StatusCode.ERROR if "error.type" in facts else api.StatusCode.UNSET),
            start_time=ended - int(seconds * 1e9),
            end_time=ended,
        )
        self._tracing.processor.on_end(span)


NO_SPANS = Spans(Tracing(), "", "")


def _batched(exporter: SpanExporter) -> BatchSpanProcessor:
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - only a process that traces pays for the import

    return BatchSpanProcessor(exporter)


def _context(trace_id: str, span_id: str) -> SpanContext:
    from opentelemetry.trace import SpanContext, TraceFlags  # noqa: PLC0415

    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def exporter_of(endpoint: str | None, environment: Mapping[str, str]) -> SpanExporter | None:
    """The OTLP exporter (HTTP) when an endpoint is configured."""
    if not endpoint:
        return None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415

    timeout = int(environment.get("OTEL_EXPORTER_OTLP_TIMEOUT", "10"))
    return OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=timeout)
