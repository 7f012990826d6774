"""Encryption of card data at rest."""

from __future__ import annotations

import hashlib
import hmac
import os

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12  # bytes, as AES-GCM wants it


class Seal:
    """AES-256-GCM with a random nonce, bound to the card's token, so that a row copied under another token does not open."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self._print_key = hashlib.sha256(b"fingerprint" + key).digest()

    def close(self, token: str, number: str, name: str | None) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, orjson.dumps({"number": number, "name": name}), token.encode())

    def open(self, token: str, sealed: bytes) -> dict[str, str | None]:
        """Raises cryptography's InvalidTag when the row was tampered with."""
        content: dict[str, str | None] = orjson.loads(self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], token.encode()))
        return content

    def fingerprint(self, *content: str) -> str:
        """A keyed hash: equal content is recognised, and nobody without the key can try numbers against it."""
        return hmac.new(self._print_key, "\x1f".join(content).encode(), hashlib.sha256).hexdigest()
