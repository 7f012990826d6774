"""What webhooks is told from outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from farthing.kit.settings import Settings

_MOST_ATTEMPTS: Final = 1_000
_MOST_SECONDS: Final = 31_536_000  # a year


@dataclass(frozen=True, slots=True)
class KeyFiles:
    """The operator's own RSA key and its certificate, PEM."""

    key: Path
    certificate: Path


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """How deliveries are tried, and with which key they are signed.

    25 attempts: 10 s, 20 s, 40 s, ... up to 5 h between them, 2 days and 23 hours together (wire contract, section 7.6: 3 days).
    `timeout` (seconds, real time) is for one attempt; `for_each_url` and `at_once` bound what is on its way at the same time.
    """

    attempts: int = 25
    first_pause: timedelta = timedelta(seconds=10)
    longest_pause: timedelta = timedelta(hours=5)
    timeout: float = 10.0
    for_each_url: int = 8
    at_once: int = 200
    key_files: KeyFiles | None = None

    @classmethod
    def of(cls, settings: Settings) -> WebhookSettings:
        """Read FARTHING_WEBHOOKS_ and ATTEMPTS, FIRST_PAUSE, LONGEST_PAUSE, TIMEOUT (in seconds), KEY_FILE, CERTIFICATE_FILE.

        Live mode needs the two files. Raises ValueError.
        """
        env, default = settings.environment, cls()
        return cls(
            attempts=int(_number(env, "FARTHING_WEBHOOKS_ATTEMPTS", default.attempts, least=1, most=_MOST_ATTEMPTS)),
            first_pause=timedelta(seconds=_number(env, "FARTHING_WEBHOOKS_FIRST_PAUSE", default.first_pause.total_seconds())),
            longest_pause=timedelta(seconds=_number(env, "FARTHING_WEBHOOKS_LONGEST_PAUSE", default.longest_pause.total_seconds())),
            timeout=_number(env, "FARTHING_WEBHOOKS_TIMEOUT", default.timeout),
            key_files=_key_files(env, needed=not settings.sandbox),
        )


def _number(env: Mapping[str, str], name: str, default: float, *, least: float = 0.001, most: float = _MOST_SECONDS) -> float:
    try:
        value = float(env.get(name, default))
    except ValueError:
        value = 0.0
    if not least <= value <= most:  # not a number is neither
        raise ValueError(f"{name} is {env[name]!r}: use a number from {least} to {most}")
    return value


def _key_files(env: Mapping[str, str], *, needed: bool) -> KeyFiles | None:
    key, certificate = env.get("FARTHING_WEBHOOKS_KEY_FILE"), env.get("FARTHING_WEBHOOKS_CERTIFICATE_FILE")
    if key and certificate:
        return KeyFiles(Path(key), Path(certificate))
    if needed or key or certificate:
        raise ValueError(
            "FARTHING_WEBHOOKS_KEY_FILE and FARTHING_WEBHOOKS_CERTIFICATE_FILE: set both (live mode signs with a key of its operator)"
        )
    return None
