"""Typed settings from the environment; the only place of a service, beside its own settings.py, that reads it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

_ADDRESS = r"https?://(\[[0-9A-Fa-f:.]+\]|[\w.-]+)(:[0-9]{1,5})?(/[^\s?#]*)?"
_RATIO = r"0(\.[0-9]*)?|1(\.0*)?|\.[0-9]+|[1-9](\.[0-9]*)?[eE]-[0-9]+"


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
        values: dict[str, object] = {
            "mode": _checked(env, "FARTHING_MODE", "sandbox", r"sandbox|live", "sandbox or live"),
            "public_url": _checked(env, "FARTHING_PUBLIC_URL", "http://127.0.0.1:8080", _ADDRESS, "http(s)://host[:port]").rstrip("/"),
            "strict_idempotency": _switch(env, "FARTHING_STRICT_IDEMPOTENCY"),
            "trace_ratio": float(_checked(env, "FARTHING_TRACE_RATIO", "0", _RATIO, "a number from 0 to 1")),
            "otlp_endpoint": env.get("OTEL_EXPORTER_OTLP_ENDPOINT"),
            "log_requests": _switch(env, "FARTHING_LOG_REQUESTS"),
            "environment": dict(env),
        }
        return cls(**(values | override))  # type: ignore[arg-type]


def _switch(env: Mapping[str, str], name: str) -> bool:
    return _checked(env, name, "0", r"(?i:0|1|false|true|)", "0 or 1").lower() in {"1", "true"}


def _checked(env: Mapping[str, str], name: str, default: str, pattern: str, use: str) -> str:
    if re.fullmatch(pattern, value := env.get(name, default)) is None:
        raise ValueError(f"{name} is {value!r}: use {use}")
    return value
