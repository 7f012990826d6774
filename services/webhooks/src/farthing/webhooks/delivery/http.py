"""The HTTP side of a delivery, on aiohttp. Imported at the first delivery: the import costs 300 ms and more of a start."""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from farthing.webhooks.delivery.answer import LOST, REFUSED, TIMED_OUT, UNREACHABLE, Answer, storable
from farthing.webhooks.domain.targets import acceptable, public

_RESOLVING: Final = 32  # names looked up at once; their own threads, so that a slow name server holds nobody else up


class AddressRefused(OSError):
    """The name stands for an address that strangers may not make us talk to."""


class NameUnresolvable(OSError):
    """The name is not of the form that a resolver takes."""


class Resolver(AbstractResolver):
    """Names to addresses. With `strangers` every address must be public; the connection goes to the very address that was judged."""

    def __init__(self, *, strangers: bool) -> None:
        self._strangers = strangers
        self._threads = ThreadPoolExecutor(_RESOLVING, thread_name_prefix="webhook-names")

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[ResolveResult]:
        """Raises OSError, AddressRefused, NameUnresolvable."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._threads, lambda: socket.getaddrinfo(host, port, family, socket.SOCK_STREAM))
        except UnicodeError as error:
            raise NameUnresolvable from error
        addresses = [(str(where[0]), family_found, protocol) for family_found, _, protocol, _, where in found]
        if self._strangers and not all(public(address) for address, _, _ in addresses):
            raise AddressRefused
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family_found, proto=protocol, flags=socket.AI_NUMERICHOST)
            for address, family_found, protocol in addresses
        ]

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


class HttpPost:
    """POSTs a body; the answer's body is not read."""

    def __init__(self, *, timeout: float, connections: int, strangers: bool) -> None:
        self._strangers = strangers
        # A connection for each delivery: a kept one may be closed by the receiver just when it is used, and has an address judged long ago.
        connector = aiohttp.TCPConnector(resolver=Resolver(strangers=strangers), use_dns_cache=False, force_close=True, limit=connections)
        limit = aiohttp.ClientTimeout(total=timeout)
        self._session = aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), timeout=limit, auto_decompress=False
        )

    async def send(self, url: str, headers: dict[str, str], body: bytes) -> Answer:
        if not acceptable(url, strangers=self._strangers):  # a literal address does not pass the resolver
            return REFUSED
        try:
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
                return Answer(answer.status, storable(answer.reason or ""))
        except TimeoutError:
            return TIMED_OUT
        except aiohttp.ClientConnectorError as error:
            return REFUSED if isinstance(error.os_error, AddressRefused) else UNREACHABLE
        except (aiohttp.ClientError, OSError, ValueError):  # ValueError: what cannot be encoded, or is no URL to the libraries below
            return LOST

    async def close(self) -> None:
        await self._session.close()
