"""Traces, metrics and logs of a service."""

from __future__ import annotations

from farthing.kit.telemetry.logs import Log
from farthing.kit.telemetry.metrics import Metrics
from farthing.kit.telemetry.tracing import Spans, Tracing

__all__ = ["Log", "Metrics", "Spans", "Tracing"]
