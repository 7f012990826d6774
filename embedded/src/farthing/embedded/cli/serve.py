"""`farthing up` and `farthing exec`: PostgreSQL starts in a child process while everything else is still being imported."""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import re
import signal
import socket
import sys
import time
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from farthing.embedded.cli.failure import Failure
from farthing.embedded.contents import contents
from farthing.embedded.postgres.ephemeral import ephemeral_data_dir
from farthing.embedded.postgres.errors import DataDirectoryInUse, PostgresError
from farthing.embedded.postgres.server import EmbeddedPostgres
from farthing.embedded.postgres.settings import user_cache
from farthing.embedded.postgres.template import Template

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_AGAIN = 0.1  # seconds
_ABOUT_PORTS: Final = frozenset({errno.EADDRINUSE, errno.EACCES})
_NO_ROOM = re.compile(rf"{os.strerror(errno.ENOSPC)}|{os.strerror(errno.EDQUOT)}|wrote only \d+ of")


class Options(NamedTuple):
    """`data_dir` None: keep nothing. `wait`: seconds for a process that still serves the data to end."""

    port: int
    host: str
    data_dir: Path | None
    database_url: str | None
    seed: int | None
    wait: float = 0


def up(options: Options) -> int:
    """Serve until SIGINT or SIGTERM."""
    return _with_platform(options, None)


def execute(options: Options, command: list[str]) -> int:
    """Serve while the command runs, and answer its exit code."""
    return _with_platform(options, command)


def _with_platform(options: Options, command: list[str] | None) -> int:
    listener = _listen(options.host, options.port)
    gc.disable()  # nearly all that a start makes stays: `calm_the_collector` goes on from there
    seeded = os.environ.get("FARTHING_MODE", "sandbox") == "sandbox"
    try:
        with postgres(options, seeded=seeded) as server:
            from farthing.embedded.cli import run  # noqa: PLC0415 - these imports take as long as PostgreSQL, side by side

            return run.run(options, listener, server, command)
    finally:
        listener.close()


@contextmanager
def postgres(options: Options, *, seeded: bool) -> Iterator[EmbeddedPostgres | None]:
    """Begin to start the embedded server, unless another database is named; stop it afterwards. Raises Failure."""
    if options.database_url is not None:
        yield None
        return
    with ephemeral_data_dir() if options.data_dir is None else nullcontext(options.data_dir) as data_dir:
        server = EmbeddedPostgres(
            data_dir,
            fsync=options.data_dir is not None,
            template=Template(contents(seeded=seeded), partial(_prepare, seeded=seeded), user_cache()),
        )
        try:
            with _ended_by_sigterm():
                _begin(server, options.wait)
            yield server
        except PostgresError as error:
            raise Failure(with_a_way_out(str(error), options, data_dir), 3) from None
        finally:
            server.stop()


def with_a_way_out(message: str, options: Options, data_dir: Path) -> str:
    """What PostgreSQL says, and what to do if that is about a full disk."""
    if not _NO_ROOM.search(message):
        return message
    other = "TMPDIR" if options.data_dir is None else "--data-dir"
    return f"{message}: make room in {data_dir} or {user_cache()}, or choose another folder with {other} or XDG_CACHE_HOME"


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Whoever waits can be ended: the first process of a container hears no signal that it has no handler for."""
    former = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)


def _begin(server: EmbeddedPostgres, wait: float) -> None:
    """Raises PostgresError: DataDirectoryInUse when the time is over and another process still serves the data."""
    deadline, told = time.monotonic() + wait, False
    while True:
        try:
            server.begin_start()
        except DataDirectoryInUse as error:
            if time.monotonic() >= deadline:
                raise
            if not told:
                sys.stderr.write(f"farthing: {error} Waiting for it, {wait:g} s at most.\n")
            told = True
            time.sleep(_AGAIN)
        else:
            return


def _prepare(socket_dir: Path, *, seeded: bool) -> None:
    from farthing.embedded.database import prepare  # noqa: PLC0415 - imports asyncpg

    asyncio.run(prepare(f"postgresql://postgres@/farthing?host={socket_dir}", seed=seeded))


def _listen(host: str, port: int) -> socket.socket:
    """Take the port before anything is started: clients wait until we serve. Raises Failure."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()  # bound only, another process could still have the port as well: SO_REUSEADDR lets it
    except OSError as error:
        listener.close()
        way = "another port with --port (make run PORT=…)" if error.errno in _ABOUT_PORTS else "an address of this machine with --host"
        raise Failure(f"cannot listen on {host}:{port} ({error.strerror}): choose {way}", 3) from None
    return listener
