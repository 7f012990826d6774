"""Run one service in a process of its own: `python -m farthing.<name>`.

Beside what kit.settings reads, the environment says:

- <NAME>_DATABASE_URL (or DATABASE_URL), and <CALLEE>_URL for each service it calls
- FARTHING_APP_JWKS, FARTHING_SERVICE_JWKS: URL or file of the key sets of access tokens (identity's /v1/oauth2/certs) and of service tokens
- FARTHING_TOKENS: a folder with one token file per callee, as `farthing dev-tokens` or a projected volume makes it
- FARTHING_CALLERS: who may call, comma separated; HOST, PORT (internal side), PUBLIC_PORT
"""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from farthing.kit.auth import Jwks, TokenSource, Verifier
from farthing.kit.clock import Clock
from farthing.kit.db import Database
from farthing.kit.faults import Faults
from farthing.kit.journal import Journal
from farthing.kit.rpc import Link
from farthing.kit.service import Build, Host, Running
from farthing.kit.settings import Settings
from farthing.kit.switches import Switches
from farthing.kit.telemetry import Log, Metrics, Tracing
from farthing.kit.telemetry.tracing import exporter_of
from farthing.money import Ids

if TYPE_CHECKING:
    import aiohttp

    from farthing.kit.manifest import Manifest

PUBLIC_AUDIENCE = "farthing"


class MissingSetting(ValueError):
    """A setting that this service cannot run without."""

    def __init__(self, name: str, meaning: str) -> None:
        super().__init__(f"{name} is not set: {meaning}")


@dataclass(frozen=True, slots=True)
class FileTokens:
    """Service tokens from a folder, one file per audience; read at every call, since they rotate."""

    folder: Path

    def token(self, audience: str) -> str:
        return (self.folder / audience).read_text().strip()


def run_alone(manifest: Manifest, build: Build) -> None:
    """Serve until SIGTERM. A missing setting is one line on standard error and exit code 2."""
    try:
        asyncio.run(_serve(manifest, build, Settings.from_environment()))
    except ValueError as error:
        sys.stderr.write(f"{manifest.name}: {error}\n")
        sys.exit(2)


async def _serve(manifest: Manifest, build: Build, settings: Settings) -> None:
    from farthing.kit.http_transport import open_session  # noqa: PLC0415 - see its docstring

    async with open_session() as session:
        running = Running(manifest, build(host := make_host(manifest, settings, session)), host, transport=None)
        await running.start()
        if settings.sandbox and running.service.seed is not None:
            await running.service.seed()
        try:
            await _listen(running, settings)
        finally:
            await running.stop()
            host.tracing.close()


def make_host(manifest: Manifest, settings: Settings, session: aiohttp.ClientSession) -> Host:
    """Build what the service gets from its environment. Raises MissingSetting."""
    from farthing.kit.http_transport import HttpTransport, jwks_source  # noqa: PLC0415

    env = settings.environment
    tokens: TokenSource = FileTokens(Path(env.get("FARTHING_TOKENS", "tokens")))
    tracing = Tracing(settings.trace_ratio, exporter_of(settings.otlp_endpoint, env))

    def link(callee: str) -> Link:
        url = _needed(settings, f"{callee.upper()}_URL", f"the address of {callee}, which {manifest.name} calls")
        return Link(manifest.name, callee, HttpTransport(session, url), tokens, tracing)

    apps = _needed(settings, "FARTHING_APP_JWKS", "a URL or file with the key set of access tokens (identity's /v1/oauth2/certs)")
    peers = _needed(settings, "FARTHING_SERVICE_JWKS", "a URL or file with the key set of service tokens")
    name = f"{manifest.name.upper()}_DATABASE_URL"
    dsn = env.get("DATABASE_URL") or _needed(settings, name, "postgresql://user:password@host/database")
    return Host(
        settings=settings,
        database=Database(env.get(name, dsn), manifest.name),
        clock=Clock(),
        ids=Ids(),
        faults=Faults(),
        switches=Switches(),
        journal=Journal(),
        metrics=Metrics(),
        tracing=tracing,
        log=Log(manifest.name, manifest.version),
        link=link,
        apps=Verifier(Jwks(jwks_source(session, apps)), PUBLIC_AUDIENCE),
        peers=Verifier(Jwks(jwks_source(session, peers)), manifest.name),
        callers=frozenset(filter(None, env.get("FARTHING_CALLERS", "").split(","))),
    )


def _needed(settings: Settings, name: str, meaning: str) -> str:
    value = settings.environment.get(name)
    if not value:
        raise MissingSetting(name, meaning)
    return value.rstrip("/")


async def _listen(running: Running, settings: Settings) -> None:
    import uvicorn  # noqa: PLC0415

    env = settings.environment
    ports = ((running.internal, int(env.get("PORT", "8000"))), (running.public, int(env.get("PUBLIC_PORT", "8001"))))
    servers = [
        uvicorn.Server(
            uvicorn.Config(
                app,
                host=env.get("HOST", "127.0.0.1"),
                port=port,
                lifespan="off",
                access_log=False,
                log_level="warning",
                timeout_keep_alive=75,
            )
        )
        for app, port in ports
    ]
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    serving = [asyncio.create_task(server._serve()) for server in servers]  # noqa: SLF001 - serve() would take the signals for itself
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    running.host.log.info("service.started", port=ports[0][1], public_port=ports[1][1])
    await stop.wait()
    for server in servers:
        server.should_exit = True
    await asyncio.gather(*serving)
