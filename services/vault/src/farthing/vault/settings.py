"""Settings of vault."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from farthing.kit.settings import Settings

KEY_BYTES = 32
_VARIABLE = "FARTHING_VAULT_KEY_FILE"
_CONTENT = "32 random bytes in base64 (openssl rand -base64 32)"


def configured_key(settings: Settings) -> bytes | None:
    """FARTHING_VAULT_KEY_FILE names a file with the key of all card data: 32 bytes in base64. Required in live mode. Raises ValueError."""
    place = settings.environment.get(_VARIABLE)
    if not place:
        if settings.sandbox:
            return None
        raise ValueError(f"{_VARIABLE} is not set: live mode needs a file with {_CONTENT}")
    try:
        key = base64.b64decode(Path(place).read_bytes().strip(), validate=True)
    except (OSError, binascii.Error):
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(f"{_VARIABLE} names no file with {_CONTENT}")
    return key
