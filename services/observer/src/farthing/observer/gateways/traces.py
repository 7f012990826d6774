"""Happenings as traces: spans that begin and end when it happened, not when it is told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, StatusCode, set_span_in_context

from farthing.observer.domain.happenings import Happening, PodStory

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

Attributes = Mapping[str, str | int | bool]


class Traces:
    """One trace for each happening: itself, below it each pod, below these their phases. All of them are sampled."""

    def __init__(self, exporter: SpanExporter, version: str, namespace: str) -> None:
        resource = Resource.create({"service.name": "observer", "service.version": version, "service.namespace": "farthing"})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("farthing", version)
        self._namespace = namespace

    def tell(self, happening: Happening, more: Attributes) -> str:
        """Make the spans of something that is over; answers the trace's id. `more`: what is known besides of it."""
        ended = max([happening.ended or happening.began, *(pod.ended for pod in happening.pods)])
        root = self._span(f"{happening.kind} {happening.service}", Context(), happening.began, {**self._about(happening), **more})
        below = set_span_in_context(root, Context())
        for pod in happening.pods:
            self._tell_pod(pod, below)
        if happening.outcome == "failed":
            root.set_status(StatusCode.ERROR)
        root.end(_nanoseconds(ended))
        return f"{root.get_span_context().trace_id:032x}"

    def close(self) -> None:
        """Send what is left, and end."""
        self._provider.shutdown()

    def _tell_pod(self, pod: PodStory, below: Context) -> None:
        about = {"k8s.namespace.name": self._namespace, "k8s.pod.name": pod.name, "k8s.pod.uid": pod.uid, "k8s.node.name": pod.node}
        span = self._span(f"pod {pod.name}", below, pod.began, about)
        inside = set_span_in_context(span, Context())
        for phase in pod.phases:
            self._span(phase.name, inside, phase.began, about).end(_nanoseconds(phase.ended))
        span.end(_nanoseconds(pod.ended))

    def _span(self, name: str, context: Context, began: datetime, attributes: Attributes) -> Span:
        said = {key: value for key, value in attributes.items() if value != ""}
        return self._tracer.start_span(name, context=context, attributes=said, start_time=_nanoseconds(began))

    def _about(self, happening: Happening) -> Attributes:
        return {
            "k8s.namespace.name": self._namespace,
            "k8s.deployment.name": happening.deployment,
            "farthing.service": happening.service,
            "farthing.change.kind": happening.kind,
            "farthing.change.outcome": happening.outcome,
            "farthing.change.cause": happening.cause,
            "farthing.version.from": happening.from_version,
            "farthing.version.to": happening.to_version,
        }


def _nanoseconds(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000) * 1_000
