"""Service tokens where all services are one process: nothing is written down, and nobody else can read them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from farthing.kit.auth import SigningKey, TokenSource


class InMemoryTokens:
    """Service tokens of one process: signs for its services, and publishes its key to their verifiers."""

    def __init__(self, issuer_key: SigningKey, lifetime: float = 3600.0) -> None:
        self._key, self._lifetime = issuer_key, lifetime
        self._issued: dict[tuple[str, str], tuple[float, str]] = {}

    def of(self, service: str) -> TokenSource:
        return _ServiceTokens(self, service)

    def issue(self, service: str, audience: str) -> str:
        now = time.time()  # noqa: TID251 - token lifetimes are real time
        known = self._issued.get((service, audience))
        if known is not None and known[0] > now + 60:
            return known[1]
        token = self._key.sign({"sub": service, "aud": audience, "iat": int(now), "exp": int(now + self._lifetime)})
        self._issued[service, audience] = (now + self._lifetime, token)
        return token

    async def jwks(self) -> Mapping[str, Any]:
        return {"keys": [self._key.public_jwk()]}


@dataclass(frozen=True, slots=True)
class _ServiceTokens:
    tokens: InMemoryTokens
    service: str

    def token(self, audience: str) -> str:
        return self.tokens.issue(self.service, audience)
