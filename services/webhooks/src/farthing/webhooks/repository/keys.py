"""Signing keys and certificates. Their table outlives reset and restore."""

from __future__ import annotations

from typing import Final

from farthing.kit.db import Database
from farthing.webhooks.signing import KeyPair

_ACTIVE: Final = "SELECT certificate_id, certificate, private_key FROM signing_keys WHERE active"
_ADD: Final = """
INSERT INTO signing_keys (certificate_id, certificate, private_key, active) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
"""
_CERTIFICATE: Final = "SELECT certificate FROM signing_keys WHERE certificate_id = $1"


class Keys:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def active(self) -> KeyPair | None:
        row = await self._database.row(_ACTIVE)
        return None if row is None else KeyPair(row["certificate_id"], row["certificate"], row["private_key"])

    async def add(self, pair: KeyPair) -> None:
        """Store the key that signs from now on, unless there is one: of two processes that make one at once the first wins."""
        await self._database.execute(_ADD, pair.certificate_id, pair.certificate, pair.private_key, pair.private_key is not None)

    async def certificate(self, certificate_id: str) -> str | None:
        """PEM."""
        row = await self._database.row(_CERTIFICATE, certificate_id)
        return None if row is None else str(row["certificate"])
