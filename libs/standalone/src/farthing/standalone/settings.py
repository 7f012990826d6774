"""What a process of one service is told from outside, read and checked before anything else is done."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from farthing.kit.manifest import Manifest
from farthing.kit.settings import Settings

_FROM_FILE = "_FILE"


class MissingSetting(ValueError):
    """A setting that this service cannot run without."""

    def __init__(self, name: str, meaning: str) -> None:
        super().__init__(f"{name} is not set: {meaning}")


def read_environment(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment, with FARTHING_X taken from the file that FARTHING_X_FILE names. Raises ValueError when that cannot be read."""
    found = dict(os.environ if environment is None else environment)
    for name, place in list(found.items()):
        if name.startswith("FARTHING_") and name.endswith(_FROM_FILE) and place:
            try:
                found.setdefault(name.removesuffix(_FROM_FILE), Path(place).read_text().strip())
            except OSError as error:
                message = f"{name}: {place} cannot be read ({error.strerror})"
                raise ValueError(message) from None
    return found


@dataclass(frozen=True, slots=True)
class KeySet:
    """Where public keys are: a URL, with a bearer token and a certificate authority in files if it needs them, or a file."""

    place: str
    token: Path | None = None
    authority: Path | None = None


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """NATS: its address, who we are there, and of the streams that we make: bytes of the events at most, and copies of each."""

    url: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    stream_bytes: int = 512 << 20
    replicas: int = 1


@dataclass(frozen=True, slots=True)
class Needs:
    """What a service cannot run without: settings of the sandbox, and, unless it is self-contained, a database and the keys of tokens."""

    sandbox: tuple[str, ...] = ()
    self_contained: bool = False


@dataclass(frozen=True, slots=True)
class ProcessSettings:
    """The environment of one service, as docs/guides/one-service.md has it. `drain`: seconds between SIGTERM and the listener's end."""

    manifest: Manifest
    platform: Settings
    database: str = field(repr=False)
    callees: Mapping[str, str]
    callers: frozenset[str]
    tokens: Path
    apps: KeySet
    peers: KeySet
    subject_prefix: str = ""
    broker: BrokerSettings | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    public_port: int = 8001
    drain: float = 0.0
    self_contained: bool = False

    @classmethod
    def of(cls, manifest: Manifest, env: Mapping[str, str], needs: Needs = Needs()) -> ProcessSettings:
        """Raises ValueError (MissingSetting) with the name and what may stand there."""
        platform = Settings.from_environment(env)
        for name in needs.sandbox if platform.sandbox else ():
            _needed(env, name, "without it anybody could use the sandbox's controls")
        return cls(
            manifest=versioned(manifest, env),
            platform=platform,
            database="" if needs.self_contained else database_of(manifest, env),
            callees={callee: _address(manifest, callee, env) for callee in manifest.calls},
            callers=frozenset(name.strip() for name in env.get("FARTHING_CALLERS", "").split(",") if name.strip()),
            tokens=Path(env.get("FARTHING_TOKENS", "tokens")),
            apps=KeySet("") if needs.self_contained else _apps(env),
            peers=KeySet("") if needs.self_contained else _peers(env),
            subject_prefix=env.get("FARTHING_SERVICE_SUBJECT_PREFIX", ""),
            broker=_broker(env),
            host=env.get("HOST", "127.0.0.1"),
            port=int(_number(env, "PORT", 8000)),
            public_port=int(_number(env, "PUBLIC_PORT", 8001)),
            drain=_number(env, "FARTHING_DRAIN_SECONDS", 0),
            self_contained=needs.self_contained,
        )


def versioned(manifest: Manifest, env: Mapping[str, str]) -> Manifest:
    """The manifest with the version of this build: its metrics, logs, traces and health tell two builds apart."""
    return dataclasses.replace(manifest, version=env.get("FARTHING_VERSION") or manifest.version)


def database_of(manifest: Manifest, env: Mapping[str, str]) -> str:
    """Raises MissingSetting."""
    own = f"{manifest.name.upper()}_DATABASE_URL"
    found = env.get(own) or env.get("DATABASE_URL")
    if not found:
        raise MissingSetting(f"DATABASE_URL (or {own})", "postgresql://user:password@host/database")
    return found


def _address(manifest: Manifest, callee: str, env: Mapping[str, str]) -> str:
    return _needed(env, f"{callee.upper()}_URL", f"the address of {callee}, which {manifest.name} calls").rstrip("/")


def _apps(env: Mapping[str, str]) -> KeySet:
    return KeySet(_needed(env, "FARTHING_APP_JWKS", "a URL or file with the keys of access tokens (identity's /v1/oauth2/certs)"))


def _peers(env: Mapping[str, str]) -> KeySet:
    place = _needed(env, "FARTHING_SERVICE_JWKS", "a URL or file with the keys of service tokens")
    return KeySet(place, _path(env, "FARTHING_SERVICE_JWKS_TOKEN"), _path(env, "FARTHING_SERVICE_JWKS_CA"))


def _broker(env: Mapping[str, str]) -> BrokerSettings | None:
    url = env.get("FARTHING_NATS_URL")
    if not url:
        return None
    user, password = env.get("FARTHING_NATS_USER") or None, env.get("FARTHING_NATS_PASSWORD") or None
    most, copies = _number(env, "FARTHING_NATS_STREAM_BYTES", 512 << 20), _number(env, "FARTHING_NATS_REPLICAS", 1)
    return BrokerSettings(url, user, password, int(most), int(copies))


def _needed(env: Mapping[str, str], name: str, meaning: str) -> str:
    value = env.get(name)
    if not value:
        raise MissingSetting(name, meaning)
    return value


def _path(env: Mapping[str, str], name: str) -> Path | None:
    return Path(env[name]) if env.get(name) else None


def _number(env: Mapping[str, str], name: str, default: float) -> float:
    try:
        value = float(env.get(name) or default)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        message = f"{name} is {env[name]!r}: use a number that is not negative"
        raise ValueError(message)
    return value
