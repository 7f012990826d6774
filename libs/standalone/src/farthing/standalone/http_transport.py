"""The HTTP transport between services, with connections that do not grow old."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from farthing.kit.rpc import Answer, NoAnswer, NotSent, Request

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator

# A load balancer chooses a replica when a connection is made, so kept ones are renewed: one a second, whether there is one or a dozen (then
# each lives a dozen seconds). So new replicas have their share within a minute even where a call comes only now and then. Making one costs
# as much as three or four calls.
SECONDS_EACH = 1.0
LONGEST_KEPT = 15.0
CONNECTIONS = 100
CONNECT_TIME = 2.0  # seconds
_NAMES_KEPT = 5.0  # seconds


class Connections:
    """The kept connections of one process to one service. A request that is under way keeps its own to its end."""

    def __init__(self, seconds_each: float = SECONDS_EACH, longest_kept: float = LONGEST_KEPT) -> None:
        self._seconds_each, self._longest_kept = seconds_each, longest_kept
        self._names = _Names()
        self._kept: _Kept | None = None

    @asynccontextmanager
    async def session(self) -> AsyncIterator[aiohttp.ClientSession]:
        """A session for one request. If the connection fails, none of those that were made with it is used again."""
        old, kept = self._kept, self._fresh()
        kept.users += 1  # before anything is waited for: nobody closes what has a user
        kept.most = max(kept.most, kept.users)
        try:
            if old is not None and old is not kept and not old.users:
                await old.session.close()
            yield kept.session
        except aiohttp.ClientConnectionError:
            if self._kept is kept:
                self._kept = None
            raise
        finally:
            kept.users -= 1
            if kept is not self._kept and not kept.users:
                await kept.session.close()

    async def aclose(self) -> None:
        if self._kept is not None:
            await self._kept.session.close()
            self._kept = None
        await self._names.close()

    def _fresh(self) -> _Kept:
        kept = self._kept
        if kept is None or time.monotonic() - kept.made >= min(self._longest_kept, kept.most * self._seconds_each):
            kept = self._kept = _Kept(_open_session(self._names))
        return kept


class _Kept:
    """`most`: requests at once so far, and so many connections."""

    __slots__ = ("made", "most", "session", "users")

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session, self.made = session, time.monotonic()
        self.users, self.most = 0, 1


class _Names(AbstractResolver):
    """Addresses of names, remembered for some seconds across the sessions; each connection takes the next of several."""

    def __init__(self) -> None:
        self._inner = ThreadedResolver()
        self._known: dict[tuple[str, int, int], tuple[float, list[ResolveResult]]] = {}

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily | int = 0) -> list[ResolveResult]:
        key = (host, port, int(family))
        until, found = self._known.get(key, (0.0, []))
        if time.monotonic() > until:
            found = list(await self._inner.resolve(host, port, family))  # type: ignore[arg-type]
            until = time.monotonic() + _NAMES_KEPT
        self._known[key] = (until, [*found[1:], *found[:1]])
        return found

    async def close(self) -> None:
        await self._inner.close()


class HttpTransport:
    """Sends requests to one service over HTTP."""

    def __init__(self, connections: Connections, base_url: str) -> None:
        self._connections, self._base_url = connections, base_url.rstrip("/")

    async def send(self, request: Request, timeout: float) -> Answer:
        url = f"{self._base_url}{request.path}" + (f"?{request.query.decode('latin-1')}" if request.query else "")
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers}
        limit = aiohttp.ClientTimeout(total=timeout, sock_connect=min(CONNECT_TIME, timeout))
        try:
            async with (
                self._connections.session() as session,
                session.request(request.method, url, data=request.body or None, headers=headers, timeout=limit) as response,
            ):
                return Answer(response.status, await response.read())
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotSent from error
        except (TimeoutError, aiohttp.ClientError) as error:
            raise NoAnswer from error


def _open_session(names: AbstractResolver) -> aiohttp.ClientSession:
    """Cookies are off: nothing between services is remembered."""
    connector = aiohttp.TCPConnector(limit=CONNECTIONS, resolver=names, use_dns_cache=False)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), skip_auto_headers=["User-Agent"])
