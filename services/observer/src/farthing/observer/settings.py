"""Settings of observer: what it watches, whom it tells, and who may ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from farthing.kit.settings import Settings

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class GrafanaSettings:
    """`token`: a file with a service account's token; read at each call, since it rotates."""

    url: str
    token: Path | None = None


@dataclass(frozen=True, slots=True)
class ObserverSettings:
    """`namespace` and `instance` (the Helm release) say which platform. `kubeconfig`, `context`: to look at a cluster from outside.

    `patience`: seconds that the first requests of new pods are waited for after everything is ready.
    """

    hosts: frozenset[str]
    token: str = field(repr=False)
    namespace: str
    instance: str
    kubeconfig: str | None = None
    context: str | None = None
    grafana: GrafanaSettings | None = None
    patience: float = 30.0

    @classmethod
    def of(cls, settings: Settings) -> ObserverSettings:
        """Raises ValueError with the name and what may stand there."""
        env = settings.environment
        own = (urlsplit(settings.public_url).hostname or "").rstrip(".")
        token = env.get("FARTHING_OPERATOR_TOKEN")
        if not token:
            raise ValueError("FARTHING_OPERATOR_TOKEN is not set: the token that an operator shows, the same as console's")
        return cls(
            hosts=_LOOPBACK | ({own} if own else set()),
            token=token,
            namespace=env.get("FARTHING_OBSERVER_NAMESPACE") or "farthing",
            instance=env.get("FARTHING_OBSERVER_INSTANCE") or "farthing",
            kubeconfig=env.get("FARTHING_OBSERVER_KUBECONFIG") or None,
            context=env.get("FARTHING_OBSERVER_CONTEXT") or None,
            grafana=_grafana(env),
            patience=_seconds(env, "FARTHING_OBSERVER_PATIENCE", 30.0),
        )


def _grafana(env: Mapping[str, str]) -> GrafanaSettings | None:
    url = env.get("FARTHING_OBSERVER_GRAFANA_URL")
    if not url:
        return None
    if not url.startswith(("http://", "https://")) or not urlsplit(url).hostname:
        raise ValueError(f"FARTHING_OBSERVER_GRAFANA_URL is {url!r}: use an address such as http://grafana:3000")
    token = env.get("FARTHING_OBSERVER_GRAFANA_TOKEN_FILE")
    return GrafanaSettings(url.rstrip("/"), Path(token) if token else None)


def _seconds(env: Mapping[str, str], name: str, usual: float) -> float:
    text = env.get(name) or str(usual)
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found <= 600:
        raise ValueError(f"{name} is {text!r}: use a number of seconds from 0 to 600")
    return found
