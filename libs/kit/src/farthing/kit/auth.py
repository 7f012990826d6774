"""Tokens: access tokens of apps and service tokens of services, verified offline. We sign with Ed25519; Kubernetes signs with RSA.

A verified token is remembered for ten minutes, or until it expires (real time), so that a signature is not checked per request. A key that
its source no longer publishes ends being trusted a quarter of an hour later at most, as long as the source answers.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import OKPAlgorithm, RSAAlgorithm

from farthing.kit.errors import Unauthenticated, Unavailable

_MOST_REMEMBERED = 20_000
_LEEWAY = 30  # seconds between two machines' clocks
_REMEMBERED = 600.0  # seconds until a token's signature is checked again
_PAUSE = 1.0  # seconds between two questions to a source of keys
_FRESH = 300.0  # seconds until the source is asked again for keys that are known; identity publishes its keys with this max-age
_SMALLEST_RSA = 2048  # bits

PublicKey = Ed25519PublicKey | RSAPublicKey


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls: an app (`subject` = client id, `account` = its account id) or a service (`subject` = its name).

    `expires`: when its token is verified anew.
    """

    subject: str
    account: str = ""
    scopes: frozenset[str] = frozenset()
    expires: float = 0.0

    def may(self, wanted: frozenset[str]) -> bool:
        return not wanted or not wanted.isdisjoint(self.scopes)


class SigningKey:
    """An Ed25519 key pair with its id."""

    def __init__(self, kid: str, private: Ed25519PrivateKey) -> None:
        self.kid, self._private = kid, private

    def sign(self, claims: Mapping[str, Any]) -> str:
        return jwt.encode(dict(claims), self._private, algorithm="EdDSA", headers={"kid": self.kid})

    def public_jwk(self) -> dict[str, Any]:
        return {**OKPAlgorithm.to_jwk(self._private.public_key(), as_dict=True), "kid": self.kid, "use": "sig", "alg": "EdDSA"}


class Jwks:
    """Public keys by id. An unknown id makes it ask the source again, at most once a second, a known one every five minutes; while the
    source is away the known keys stay.

    `fetch` answers the source's present key set (RFC 7517): keys that are no longer in it are no longer trusted. Keys of other kinds than
    Ed25519 and RSA (2048 bits or more) are passed over.
    """

    def __init__(self, fetch: Callable[[], Awaitable[Mapping[str, Any]]]) -> None:
        self._fetch = fetch
        self._keys: dict[str, PublicKey] = {}
        self._asking = asyncio.Lock()  # many tokens with one new id: one question
        self._asked, self._answered = -math.inf, True

    async def key(self, kid: str) -> PublicKey | None:
        """Raises Unavailable when the id is unknown and the source does not answer: nobody knows then."""
        if self._in_doubt(kid):
            async with self._asking:
                if self._in_doubt(kid):
                    await self._ask()
        key = self._keys.get(kid)
        if key is None and not self._answered:
            raise Unavailable(description="The keys that tokens are signed with cannot be read.")
        return key

    async def read(self) -> bool:
        """Ask the source now, before anybody needs a key, and answer whether it answered."""
        async with self._asking:
            await self._ask()
        return self._answered and bool(self._keys)

    def _in_doubt(self, kid: str) -> bool:
        return kid not in self._keys or time.monotonic() - self._asked > _FRESH

    async def _ask(self) -> None:
        if time.monotonic() - self._asked > _PAUSE:  # a flood of made-up ids must not flood the source
            self._asked, self._answered = time.monotonic(), False
            with suppress(Exception):  # whatever the transport raises: a source that fails is away
                self._keys, self._answered = _usable((await self._fetch())["keys"]), True


def _usable(jwks: Iterable[Mapping[str, Any]]) -> dict[str, PublicKey]:
    found = {jwk["kid"]: _public_key(dict(jwk)) for jwk in jwks if "kid" in jwk}
    return {kid: key for kid, key in found.items() if key is not None}


def _public_key(jwk: dict[str, Any]) -> PublicKey | None:
    if jwk.get("crv") == "Ed25519":
        key = OKPAlgorithm.from_jwk(jwk)
        return key if isinstance(key, Ed25519PublicKey) else None
    if jwk.get("kty") == "RSA":
        rsa = RSAAlgorithm.from_jwk(jwk)
        return rsa if isinstance(rsa, RSAPublicKey) and rsa.key_size >= _SMALLEST_RSA else None
    return None


def _algorithm(key: PublicKey) -> str:
    """Said by the key's type and never by the token, who could ask for a weaker one."""
    return "RS256" if isinstance(key, RSAPublicKey) else "EdDSA"


class Verifier:
    """Turns a bearer token into a Principal. Raises Unauthenticated; Unavailable while its key cannot be read.

    `subject_prefix` stands before the name in every subject; a token without it is somebody else's, whoever signed it.
    """

    def __init__(self, keys: Jwks, audience: str, subject_prefix: str = "") -> None:
        self._keys, self._audience, self._prefix = keys, audience, subject_prefix
        self._verified: dict[str, Principal] = {}

    def known(self, token: str) -> Principal | None:
        """The principal of a token that was verified lately and is still valid: the hot path, without await."""
        principal = self._verified.get(token)
        if principal is None or principal.expires < time.time():  # noqa: TID251 - token lifetimes are real time
            return None
        return principal

    async def verify(self, token: str) -> Principal:
        try:
            kid = jwt.get_unverified_header(token).get("kid", "")
            key = await self._keys.key(kid)
            if key is None:
                raise Unauthenticated
            claims = jwt.decode(
                token, key, algorithms=[_algorithm(key)], audience=self._audience, leeway=_LEEWAY, options={"require": ["exp", "sub"]}
            )
        except jwt.ExpiredSignatureError:
            raise Unauthenticated(description="Access Token has expired") from None
        except jwt.InvalidTokenError:
            raise Unauthenticated from None
        subject = str(claims["sub"])
        if not subject.startswith(self._prefix) or subject == self._prefix:
            raise Unauthenticated
        return self._remember(token, subject.removeprefix(self._prefix), claims)

    def _remember(self, token: str, subject: str, claims: Mapping[str, Any]) -> Principal:
        scopes = frozenset(str(claims.get("scope", "")).split())
        until = min(float(claims["exp"]), time.time() + _REMEMBERED)  # noqa: TID251 - token lifetimes are real time
        principal = Principal(subject, str(claims.get("account", "")), scopes, until)
        if len(self._verified) >= _MOST_REMEMBERED:
            self._verified.clear()
        self._verified[token] = principal
        return principal


class TokenSource(Protocol):
    """Where a client takes the token it sends to a service."""

    def token(self, audience: str) -> str: ...
