"""Settings of vault."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from farthing.kit.settings import Settings

KEY_BYTES = 32


def configured_key(settings: Settings) -> bytes | None:
    """VAULT_KEY: 32 bytes in base64, the key of all card data. Required in live mode. Raises ValueError."""
    text = settings.environment.get("VAULT_KEY")
    if not text:
        if settings.sandbox:
            return None
        message = "VAULT_KEY is not set: 32 random bytes in base64 (openssl rand -base64 32)"
        raise ValueError(message)
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        message = "VAULT_KEY must be 32 bytes in base64 (openssl rand -base64 32)"
        raise ValueError(message)
    return key
