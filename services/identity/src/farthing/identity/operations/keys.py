"""The keys that sign tokens: where they come from, and what is published of them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from pathlib import Path

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
    load_pem_private_key,
)

from farthing.identity.domain import SANDBOX_SECRETS, derived, hash_of
from farthing.identity.errors import SandboxSecretsInUse, SigningKeyMissing, SigningKeyUnreadable
from farthing.identity.repository import Repository
from farthing.identity.settings import IdentitySettings
from farthing.kit.auth import SigningKey
from farthing.kit.clock import Clock

_PEM = re.compile(rb"-----BEGIN PRIVATE KEY-----.+?-----END PRIVATE KEY-----", re.DOTALL)


class Keys:
    """Signs with the first key and publishes all. Keys survive restart, reset and restore, and so do the tokens they signed."""

    def __init__(self, repository: Repository, settings: IdentitySettings, clock: Clock, *, sandbox: bool) -> None:
        self._repository, self._settings, self._clock, self._sandbox = repository, settings, clock, sandbox
        self._keys: list[SigningKey] = []
        self._root = b""
        self.published = b""

    async def load(self) -> None:
        """Read the keys; the sandbox makes its own once.

        Raises SigningKeyMissing, SigningKeyUnreadable, SandboxSecretsInUse: live mode starts with nothing that others may know.
        """
        if not self._sandbox:
            await self._refuse_sandbox_secrets()
        private = self._from_file(self._settings.signing_key_file) if self._settings.signing_key_file else await self._own()
        self._keys = [SigningKey(_thumbprint(key), key) for key in private]
        self._root = hmac.digest(private[0].private_bytes_raw(), b"farthing identity: derived secrets", "sha256")
        self.published = orjson.dumps({"keys": [key.public_jwk() for key in self._keys]})

    def sign(self, claims: dict[str, object]) -> str:
        return self._keys[0].sign(claims)

    def derived(self, purpose: str, name: str) -> str:
        """The same secret again for the same name, as long as the first key stays."""
        return derived(self._root, purpose, name)

    async def _refuse_sandbox_secrets(self) -> None:
        if self._settings.signing_key_file is None:
            raise SigningKeyMissing
        if await self._repository.has_secret([hash_of(secret) for secret in SANDBOX_SECRETS]):
            raise SandboxSecretsInUse

    def _from_file(self, path: Path) -> list[Ed25519PrivateKey]:
        try:
            found = [load_pem_private_key(pem, None) for pem in _PEM.findall(path.read_bytes())]
        except (OSError, ValueError):
            raise SigningKeyUnreadable from None
        return _ed25519(found)

    async def _own(self) -> list[Ed25519PrivateKey]:
        stored = await self._repository.signing_keys()
        if not stored:
            new = Ed25519PrivateKey.generate().private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
            await self._repository.insert_first_key(new, self._clock.now())
            stored = await self._repository.signing_keys()
        return _ed25519([load_der_private_key(der, None) for der in stored])


def _ed25519(keys: Sequence[object]) -> list[Ed25519PrivateKey]:
    """Raises SigningKeyUnreadable when there is none, or one of another kind."""
    found = [key for key in keys if isinstance(key, Ed25519PrivateKey)]
    if not found or len(found) != len(keys):
        raise SigningKeyUnreadable
    return found


def _thumbprint(key: Ed25519PrivateKey) -> str:
    """The key's id, the same in every process: its JWK thumbprint (RFC 7638 and RFC 8037, appendix A.3)."""
    public = base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).rstrip(b"=").decode()
    digest = hashlib.sha256(f'{{"crv":"Ed25519","kty":"OKP","x":"{public}"}}'.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
