"""Tokens that others gave us, and the public keys by which we know theirs."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import orjson

from farthing.standalone.settings import KeySet

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

_PATIENCE = 5.0  # seconds for a source of keys


@dataclass(frozen=True, slots=True)
class FileTokens:
    """Service tokens from a folder, one file per audience; read at every call, since they rotate."""

    folder: Path

    def token(self, audience: str) -> str:
        return (self.folder / audience).read_text().strip()


def key_source(keys: KeySet) -> Callable[[], Awaitable[Mapping[str, Any]]]:
    """A function that reads the key set (RFC 7517) as it is now; token and authority are read anew each time, since they rotate."""

    async def fetch() -> Mapping[str, Any]:
        if keys.place.startswith(("http://", "https://")):
            return dict(orjson.loads(await _get(keys)))
        return dict(orjson.loads(await asyncio.to_thread(Path(keys.place).read_bytes)))

    return fetch


async def _get(keys: KeySet) -> bytes:
    """A connection of its own each time: it is asked once in minutes, and then of whoever serves now."""
    headers = {"authorization": f"Bearer {keys.token.read_text().strip()}"} if keys.token else {}
    trust = ssl.create_default_context(cafile=str(keys.authority)) if keys.authority else True
    limit = aiohttp.ClientTimeout(total=_PATIENCE)
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), timeout=limit) as session,
        session.get(keys.place, headers=headers, ssl=trust, allow_redirects=False) as response,
    ):
        response.raise_for_status()
        return await response.read()
