"""The part of `up` and `exec` that needs everything imported."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import uvloop

from farthing.embedded.cli.build import build
from farthing.embedded.cli.failure import Failure
from farthing.embedded.cli.keeping import Keeper
from farthing.embedded.cli.refusals import in_one_line
from farthing.embedded.database import Place
from farthing.embedded.platform import Platform
from farthing.embedded.probes import Probes
from farthing.embedded.server import Server, calm_the_collector
from farthing.kit.settings import Settings
from farthing.kit.telemetry import Log
from farthing.money import Ids

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

    from farthing.embedded.cli.serve import Options
    from farthing.embedded.postgres.server import EmbeddedPostgres

WELCOME = """\
Farthing serves at {url} (sandbox: no real money moves)

  client id      sandbox-client-id
  client secret  sandbox-client-secret
  buyer          buyer@example.com, password farthing

Point an SDK at it: README.md, or `curl -u sandbox-client-id:sandbox-client-secret -d grant_type=client_credentials {url}/v1/oauth2/token`
Control API: {url}/_farthing/health   Stop: Ctrl-C
"""
LIVE = "Farthing serves at {url} (live mode: no control API, no test cards)   Stop: Ctrl-C\n"


def run(options: Options, listener: socket.socket, server: EmbeddedPostgres | None, command: list[str] | None) -> int:
    """Serve on the socket until a signal comes or the command ends; answer the exit code. Raises Failure."""
    address = _address_of(listener)
    try:
        settings = Settings.from_environment({"FARTHING_PUBLIC_URL": address, **os.environ})
    except ValueError as error:
        raise Failure(str(error), 2) from None
    with in_one_line(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        place = place_of(options.database_url, server)
        return runner.run(_serve(Platform(settings, place, ids=Ids(options.seed)), listener, address, command, server))


def _address_of(listener: socket.socket) -> str:
    """Where clients reach us: who listens on every address (in a container) is reached on this machine by the loopback one."""
    host, port = listener.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def place_of(database_url: str | None, server: EmbeddedPostgres | None) -> Place:
    """Where the database is, once it accepts connections."""
    if server is None:
        return Place(database_url or "")
    server.wait_until_ready()
    return Place(server.dsn(), lambda role: server.dsn(user=role))


async def _serve(
    platform: Platform, listener: socket.socket, address: str, command: list[str] | None, database: EmbeddedPostgres | None
) -> int:
    signals: asyncio.Queue[int] = asyncio.Queue()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, signals.put_nowait, number)
    host, port = listener.getsockname()[:2]
    probes = Probes(platform)
    async with _asked(probes, platform.settings, host):
        await platform.start()
        try:
            async with Server(platform.site, host, port).serving_at(listener):
                calm_the_collector()
                probes.state = "serving"
                try:
                    if command is None:
                        sys.stdout.write((WELCOME if platform.settings.sandbox else LIVE).format(url=address))
                        sys.stdout.flush()
                    return await _while_kept(_until(signals) if command is None else _command(command, address, signals), database)
                finally:
                    probes.state = "stopping"
        finally:
            await platform.stop()


async def _while_kept(work: Coroutine[Any, Any, int], database: EmbeddedPostgres | None) -> int:
    """Do the work, and see to it meanwhile that our own PostgreSQL runs. Raises Failure when it cannot be kept."""
    if database is None:
        return await work
    working = asyncio.create_task(work)
    keeping = asyncio.create_task(Keeper(database, Log("embedded", build())).keep())
    await asyncio.wait({working, keeping}, return_when=asyncio.FIRST_COMPLETED)
    keeping.cancel()
    if not working.done():
        working.cancel()
        await keeping
    return await working


async def _until(signals: asyncio.Queue[int]) -> int:
    await signals.get()
    return 0


@asynccontextmanager
async def _asked(probes: Probes, settings: Settings, host: str) -> AsyncIterator[None]:
    """Answer probes until the end, at a port of their own (FARTHING_METRICS_PORT) if there is one. Raises Failure."""
    port = settings.environment.get("FARTHING_METRICS_PORT", "")
    if not port:
        yield
        return
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 2**16):
        raise Failure(f"FARTHING_METRICS_PORT is {port!r}: use a port from 1 to 65535", 2)
    try:
        listener = socket.create_server((host, int(port)), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise Failure(f"cannot listen on {host}:{port} ({error.strerror}): set FARTHING_METRICS_PORT to another port", 3) from None
    async with Server(probes, host, int(port)).serving_at(listener):
        yield


async def _command(command: list[str], address: str, signals: asyncio.Queue[int]) -> int:
    if not signals.empty():  # during the start
        return 128 + signals.get_nowait()
    environment = {
        **os.environ,
        "FARTHING_URL": address,
        "FARTHING_CLIENT_ID": "sandbox-client-id",
        "FARTHING_CLIENT_SECRET": "sandbox-client-secret",
    }
    try:
        child = await asyncio.create_subprocess_exec(*command, env=environment)
    except OSError as error:
        raise Failure(f"cannot run {command[0]}: {error.strerror}", 127) from None
    ending = asyncio.create_task(_end(child, signals))
    try:
        code = await child.wait()
        return code if code >= 0 else 128 - code  # ended by a signal: as a shell says it
    finally:
        ending.cancel()
        if child.returncode is None:
            child.terminate()


async def _end(child: asyncio.subprocess.Process, signals: asyncio.Queue[int]) -> None:
    """SIGTERM is passed on. A terminal sends Ctrl-C to the child as well, which cleans up in its own time: the second one terminates it."""
    if await signals.get() == signal.SIGINT:
        await signals.get()
    child.terminate()
