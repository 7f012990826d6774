"""Traces: W3C context over HTTP and over events. Whether a request is sampled is decided before the SDK is touched.

A request that is not sampled costs a few random bytes; its trace id still travels, so that every log line has it.
"""

from __future__ import annotations

import os
import time
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from farthing.kit.call import TRAIL, Trail

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span, Tracer

_TRACEPARENT_PARTS = 4
_TRACE_ID_LENGTH, _SPAN_ID_LENGTH = 32, 16
_NO_SPAN: AbstractContextManager[None] = nullcontext()


def new_trail(timeout: float, *, sampled: bool) -> Trail:
    ids = os.urandom(24).hex()
    return Trail(ids[:_TRACE_ID_LENGTH], ids[_TRACE_ID_LENGTH:], sampled, time.monotonic() + timeout)


def trail_of(traceparent: str | None, timeout: float) -> Trail:
    """Continue the caller's trace; a missing or malformed header begins one."""
    parts = (traceparent or "").split("-")
    if len(parts) == _TRACEPARENT_PARTS and len(parts[1]) == _TRACE_ID_LENGTH and len(parts[2]) == _SPAN_ID_LENGTH:
        return Trail(parts[1], parts[2], parts[3] == "01", time.monotonic() + timeout)
    return new_trail(timeout, sampled=False)


class Tracing:
    """Makes spans of sampled requests and hands them to an exporter. Without an exporter nothing is sampled."""

    def __init__(self, ratio: float = 0.0, exporter: SpanExporter | None = None) -> None:
        self._threshold = int(ratio * 2**32) if exporter is not None else 0
        self._exporter = exporter
        self._tracers: dict[str, Tracer] = {}
        self._providers: list[Any] = []

    @property
    def active(self) -> bool:
        return self._exporter is not None

    def decide(self) -> bool:
        """Sample by ratio at the head."""
        return self._threshold > 0 and int.from_bytes(os.urandom(4), "big") < self._threshold

    def span(
        self, service: str, version: str, name: str, trail: Trail, kind: str = "INTERNAL", link: str | None = None, *, root: bool = False
    ) -> AbstractContextManager[Span | None]:
        """Open a span below `trail` when it is sampled; inside, TRAIL points to the new span."""
        if not trail.sampled or self._exporter is None:
            return _NO_SPAN
        return self._span(service, version, name, trail, kind, link, root=root)

    @contextmanager
    def _span(self, service: str, version: str, name: str, trail: Trail, kind: str, link: str | None, *, root: bool) -> Iterator[Span]:
        from opentelemetry import trace as api  # noqa: PLC0415 - only a process that traces pays for the import

        parent = None if root else api.set_span_in_context(api.NonRecordingSpan(_context_of(trail)))
        tracer = self._tracer(service, version, trail if root else None)
        links = [api.Link(_context_of(trail_of(link, 0)))] if link else []
        with tracer.start_as_current_span(name, context=parent, kind=api.SpanKind[kind], links=links) as span:
            trail.span_id = f"{span.get_span_context().span_id:016x}"
            token = TRAIL.set(trail)
            try:
                yield span
            finally:
                TRAIL.reset(token)

    def _tracer(self, service: str, version: str, root: Trail | None) -> Tracer:
        tracer = self._tracers.get(service)
        if tracer is None:
            tracer = self._tracers[service] = self._make_tracer(service, version)
        if root is not None:
            _NEXT_TRACE_ID.append(int(root.trace_id, 16))
        return tracer

    def _make_tracer(self, service: str, version: str) -> Tracer:
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

        resource = Resource.create({"service.name": service, "service.version": version, "service.namespace": "farthing"})
        provider = TracerProvider(resource=resource, id_generator=_ids(), shutdown_on_exit=False)
        assert self._exporter is not None  # noqa: S101 - for the type checker
        provider.add_span_processor(BatchSpanProcessor(self._exporter))
        self._providers.append(provider)
        return provider.get_tracer("farthing", version)

    def flush(self) -> None:
        for provider in self._providers:
            provider.force_flush(2_000)

    def close(self) -> None:
        for provider in self._providers:
            provider.shutdown()


# The trace id of a root span was chosen at the edge (the debug id is its beginning); the SDK asks a generator for it.
_NEXT_TRACE_ID: list[int] = []


def _ids() -> Any:  # noqa: ANN401 - the SDK's class is imported lazily
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator  # noqa: PLC0415

    class ChosenIds(RandomIdGenerator):
        def generate_trace_id(self) -> int:
            return _NEXT_TRACE_ID.pop() if _NEXT_TRACE_ID else super().generate_trace_id()

    return ChosenIds()


def _context_of(trail: Trail) -> Any:  # noqa: ANN401
    from opentelemetry.trace import SpanContext, TraceFlags  # noqa: PLC0415

    return SpanContext(
        int(trail.trace_id, 16), int(trail.span_id, 16), is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED if trail.sampled else 0)
    )


def exporter_of(endpoint: str | None, environment: Mapping[str, str]) -> SpanExporter | None:
    """The OTLP exporter (HTTP) when an endpoint is configured."""
    if not endpoint:
        return None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415

    timeout = int(environment.get("OTEL_EXPORTER_OTLP_TIMEOUT", "10"))
    return OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=timeout)
