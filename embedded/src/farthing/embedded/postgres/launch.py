"""The child process that prepares a data directory and then becomes `postgres`: one process, so the host stays the server's parent.

It is told what to do by one JSON argument (an `Order`). It answers on standard output with one JSON line, then closes it by becoming
postgres, or ends with status 1.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import NamedTuple

from farthing.embedded.postgres import cluster as clusters
from farthing.embedded.postgres import leftover, privileges, trees
from farthing.embedded.postgres.binaries import Binaries, copy_for_everyone
from farthing.embedded.postgres.errors import NotAllowedToRun, PostgresError
from farthing.embedded.postgres.privileges import Way
from farthing.embedded.postgres.settings import postgres_environment
from farthing.embedded.postgres.tuning import arguments

CLUSTER = "postgres"
LOG = "postgres.log"
_START_LIMIT = 5.0  # seconds
_LOG_LIMIT = 1 << 20  # bytes; a longer log is put aside at the next start
# Isolated and without site packages: a third of the start-up time, and nothing in the working folder is imported by accident.
_PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from farthing.embedded.postgres.launch import main; main(sys.argv[2])"


class Order(NamedTuple):
    """What the host wants.

    `template`: a cluster of `template_size` to copy if there is none yet. `way`: the only way to try. `bound`: end with the thread that
    started us, one of the process `parent`.
    """

    data_dir: str
    socket_dir: str
    binaries: str
    release: str
    fsync: bool
    bound: bool
    parent: int
    template: str = ""
    template_size: tuple[int, int] = (0, 0)
    way: str = ""


def command(order: Order) -> list[str]:
    """The command line that carries out the order."""
    source = Path(__file__).parents[3]
    return [sys.executable, "-I", "-S", "-c", _PROGRAM, str(source), json.dumps(order._asdict())]


def main(text: str) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    order = Order(**json.loads(text))
    try:
        _launch(order)
    except (PostgresError, OSError) as error:
        name = type(error).__name__ if isinstance(error, PostgresError) else "PostgresDidNotStart"
        _answer({"error": name, "message": str(error)})
        sys.exit(1)


def _launch(order: Order) -> None:
    data_dir = Path(order.data_dir)
    cluster = data_dir / CLUSTER
    if order.bound:
        privileges.die_with(order.parent)
    leftover.stop_leftover(data_dir)
    leftover.write_note(data_dir, leftover.Note(os.getpid(), Path(order.socket_dir)))
    way, binaries = _way_to_run(Binaries(Path(order.binaries), order.release), [Way(order.way)] if order.way else privileges.ways())
    origin = _provide(cluster, order, binaries, way)
    leftover.take_over(cluster)
    clusters.give(Path(order.socket_dir), privileges.owner(way))
    folder = clusters.open_for(cluster, way)
    _answer({"origin": origin})
    _log_to(data_dir / LOG)
    if order.fsync and origin != "existing":
        _sync_behind(cluster)
    _become_postgres(order, binaries, way, clusters.path_of(folder, cluster))


def _become_postgres(order: Order, binaries: Binaries, way: Way, path: str) -> None:
    privileges.drop(way)
    if order.bound:
        privileges.die_with(order.parent)  # again: a change of identity forgets it
    words = [str(binaries.postgres), "-D", path, *arguments(order.socket_dir, fsync=order.fsync)]
    os.execve(words[0], words, postgres_environment())


def _answer(reply: dict[str, str]) -> None:
    print(json.dumps(reply), flush=True)  # noqa: T201 - what the host reads


def _way_to_run(installed: Binaries, ways: list[Way]) -> tuple[Way, Binaries]:
    """The first way that works with the programs where they are, else with a copy that everyone can read."""
    for way in ways:
        if privileges.usable(way, _needed(installed)):
            return way, installed
    if os.geteuid() == 0:
        copied = copy_for_everyone(installed)
        for way in ways:
            if privileges.usable(way, _needed(copied)):
                return way, copied
    raise NotAllowedToRun("PostgreSQL does not run as this user, and becoming another one is forbidden here: run as an ordinary user.")


def _needed(binaries: Binaries) -> list[Path]:
    libraries = [binaries.libraries] if binaries.libraries.exists() else []
    return [binaries.postgres, binaries.initdb, binaries.home / "lib", binaries.home / "share", *libraries]


def _provide(cluster: Path, order: Order, binaries: Binaries, way: Way) -> str:
    """See to it that there is a cluster. Answers where it came from."""
    if clusters.has_cluster(cluster):
        return "existing"
    clusters.remove_partial(cluster)
    if order.template and clusters.copy(Path(order.template), cluster, trees.Size(*order.template_size)):
        return "template"
    clusters.initialize(cluster, binaries, way)
    return "initdb"


def _sync_behind(cluster: Path) -> None:
    """Write a new cluster to disk right after the server started: until then it holds nothing that anyone was promised.

    Forked twice, so that postgres has no child that it does not know.
    """
    server, child = os.getpid(), os.fork()
    if child == 0:
        try:
            if os.fork() == 0:
                _wait_for_start(cluster, server)
                trees.sync_tree(str(cluster))
        finally:
            os._exit(0)
    os.waitpid(child, 0)


def _wait_for_start(cluster: Path, server: int) -> None:
    deadline = time.monotonic() + _START_LIMIT
    while not clusters.is_ready(cluster, server) and time.monotonic() < deadline:
        time.sleep(0.02)


def _log_to(path: Path) -> None:
    """Opened here, while we may still write beside the cluster."""
    if path.exists() and path.stat().st_size > _LOG_LIMIT:
        path.rename(f"{path}.1")
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 2)
    os.dup2(log, 1)  # closes the pipe to the host
