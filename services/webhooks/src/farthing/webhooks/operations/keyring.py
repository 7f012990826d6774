"""The key that signs, and the certificates that prove it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from farthing.kit.clock import real_now
from farthing.webhooks.repository.keys import Keys
from farthing.webhooks.signing import Certificate, KeyPair, Signer, new_pair


class KeyRing:
    """One key, made when it is first needed and stored for ever; or `given` by the operator, whose private half is not stored."""

    def __init__(self, keys: Keys, name: str, given: KeyPair | None = None, now: Callable[[], datetime] = real_now) -> None:
        self._keys, self._name, self._given, self._now = keys, name, given, now
        self._making = asyncio.Lock()
        self._signer: Signer | None = None
        self._certificates: dict[str, Certificate] = {}

    async def signer(self) -> Signer:
        if self._signer is None:
            async with self._making:
                if self._signer is None:
                    self._signer = await asyncio.to_thread(Signer, await self._pair())
        return self._signer

    async def certificate(self, certificate_id: str) -> Certificate | None:
        """Also of a key that signs no more."""
        found = self._certificates.get(certificate_id)
        if found is None:
            pem = await self._keys.certificate(certificate_id)
            if pem is None:
                return None
            found = self._certificates[certificate_id] = Certificate(pem)
        return found

    async def _pair(self) -> KeyPair:
        if self._given is not None:
            await self._keys.add(KeyPair(self._given.certificate_id, self._given.certificate, None))
            return self._given
        active = await self._keys.active()
        if active is None:  # in a thread: half a second of CPU would stop every request
            await self._keys.add(await asyncio.to_thread(new_pair, self._name, self._now()))
            active = await self._keys.active()
        if active is None:
            raise RuntimeError("no signing key is active although one was just stored")
        return active
