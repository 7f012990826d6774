"""The HTTP transport between services. Importing aiohttp costs 300 ms, so only processes that need it import this module."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import orjson

from farthing.kit.rpc import Answer, NoAnswer, NotSent, Request

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

# Shorter than every server's keep-alive, and short enough that new replicas get their share within half a minute.
IDLE_SECONDS = 15
CONNECTIONS = 100


class HttpTransport:
    """Sends requests to one service over HTTP with kept connections."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str) -> None:
        self._session, self._base_url = session, base_url.rstrip("/")

    async def send(self, request: Request, timeout: float) -> Answer:
        url = f"{self._base_url}{request.path}" + (f"?{request.query.decode('latin-1')}" if request.query else "")
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers}
        limit = aiohttp.ClientTimeout(total=timeout, sock_connect=min(2.0, timeout))
        try:
            async with self._session.request(request.method, url, data=request.body or None, headers=headers, timeout=limit) as response:
                return Answer(response.status, await response.read())
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotSent from error
        except (TimeoutError, aiohttp.ClientError) as error:
            raise NoAnswer from error


def open_session() -> aiohttp.ClientSession:
    """One per process. Cookies are off: nothing between services is remembered."""
    connector = aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=IDLE_SECONDS)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), skip_auto_headers=["User-Agent"])


def jwks_source(session: aiohttp.ClientSession, place: str) -> Callable[[], Awaitable[Mapping[str, Any]]]:
    """A key set at a URL, or in a file."""

    async def fetch() -> Mapping[str, Any]:
        if not place.startswith(("http://", "https://")):
            return dict(orjson.loads(await asyncio.to_thread(Path(place).read_bytes)))
        async with session.get(place, timeout=aiohttp.ClientTimeout(total=5)) as response:
            response.raise_for_status()
            return dict(orjson.loads(await response.read()))

    return fetch
