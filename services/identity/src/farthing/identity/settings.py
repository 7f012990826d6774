"""What identity alone is told from outside."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from farthing.kit.settings import Settings


@dataclass(frozen=True, slots=True)
class IdentitySettings:
    """`signing_key_file` (FARTHING_IDENTITY_SIGNING_KEY_FILE): Ed25519 private keys in PEM. The first signs, all are published.

    To rotate: append the new key, wait until everybody has fetched it, move it to the front, remove the old one a token's life later.
    """

    signing_key_file: Path | None = None

    @classmethod
    def of(cls, settings: Settings) -> IdentitySettings:
        name = settings.environment.get("FARTHING_IDENTITY_SIGNING_KEY_FILE")
        return cls(Path(name) if name else None)
