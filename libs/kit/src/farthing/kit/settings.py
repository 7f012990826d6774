"""Typed settings from the environment; the only place of a service, beside its own settings.py, that reads it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Settings:
    """What every process of the platform is told from outside.

    `mode` is `sandbox` or `live`: live refuses everything that exists for testing. `public_url` makes every link.
    """

    mode: Literal["sandbox", "live"] = "sandbox"
    public_url: str = "http://127.0.0.1:8080"
    strict_idempotency: bool = False
    trace_ratio: float = 0.0
    otlp_endpoint: str | None = None
    log_requests: bool = False
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def sandbox(self) -> bool:
        return self.mode == "sandbox"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None, **override: object) -> Settings:
        """Read FARTHING_MODE, _PUBLIC_URL, _STRICT_IDEMPOTENCY, _TRACE_RATIO, _LOG_REQUESTS and OTEL_EXPORTER_OTLP_ENDPOINT.

        Raises ValueError with the name and what may stand there.
        """
        env = os.environ if environment is None else environment
        mode = env.get("FARTHING_MODE", "sandbox")
        if mode not in {"sandbox", "live"}:
            message = f"FARTHING_MODE is {mode!r}: use sandbox or live"
            raise ValueError(message)
        values: dict[str, object] = {
            "mode": mode,
            "public_url": env.get("FARTHING_PUBLIC_URL", "http://127.0.0.1:8080").rstrip("/"),
            "strict_idempotency": _switch(env, "FARTHING_STRICT_IDEMPOTENCY"),
            "trace_ratio": float(env.get("FARTHING_TRACE_RATIO", "0")),
            "otlp_endpoint": env.get("OTEL_EXPORTER_OTLP_ENDPOINT"),
            "log_requests": _switch(env, "FARTHING_LOG_REQUESTS"),
            "environment": dict(env),
        }
        return cls(**(values | override))  # type: ignore[arg-type]


def _switch(env: Mapping[str, str], name: str) -> bool:
    value = env.get(name, "0").lower()
    if value not in {"0", "1", "false", "true", ""}:
        message = f"{name} is {value!r}: use 0 or 1"
        raise ValueError(message)
    return value in {"1", "true"}
