"""The child process that prepares a data directory and then becomes `postgres`: same process, so the host stays its parent.

Run as `python -m farthing.embedded.postgres.launch ORDER`, one JSON object. It answers on standard output with one JSON line, then closes it by
becoming postgres, or ends with status 1.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import NamedTuple

from farthing.embedded.postgres import cluster as clusters
from farthing.embedded.postgres import privileges
from farthing.embedded.postgres.binaries import Binaries, copy_for_everyone, find_binaries
from farthing.embedded.postgres.errors import NotAllowedToRun, PostgresError
from farthing.embedded.postgres.leftover import Note, stop_leftover, write_note
from farthing.embedded.postgres.privileges import Way
from farthing.embedded.postgres.settings import postgres_environment
from farthing.embedded.postgres.tuning import arguments

CLUSTER = "postgres"
LOG = "postgres.log"


class Order(NamedTuple):
    """What the host wants. `template`: a cluster to copy if there is none yet. `bound`: end with the thread that started us."""

    data_dir: str
    socket_dir: str
    fsync: bool
    bound: bool
    parent: int
    template: str = ""
    way: str = ""


def main() -> None:
    order = Order(**json.loads(sys.argv[1]))
    try:
        launch(order)
    except (PostgresError, OSError) as error:
        name = type(error).__name__ if isinstance(error, PostgresError) else "PostgresDidNotStart"
        print(json.dumps({"error": name, "message": str(error)}), flush=True)  # noqa: T201 - the answer to the host
        sys.exit(1)


def launch(order: Order) -> None:
    """Stop a left-over server, make the cluster if there is none, and become postgres. Answers the cluster's origin."""
    data_dir = Path(order.data_dir)
    cluster = data_dir / CLUSTER
    stop_leftover(data_dir)
    write_note(data_dir, Note(os.getpid(), Path(order.socket_dir)))
    way, binaries = _way_to_run(find_binaries(), [Way(order.way)] if order.way else privileges.ways())
    origin = _provide(cluster, order.template, binaries, way)
    clusters.give(Path(order.socket_dir), privileges.owner(way))
    folder = clusters.open_for(cluster, way)
    print(json.dumps({"origin": origin}), flush=True)  # noqa: T201 - the answer to the host
    _log_to(data_dir / LOG)
    privileges.drop(way)
    if order.bound:
        privileges.die_with(order.parent)
    command = [str(binaries.postgres), "-D", clusters.path_of(folder, cluster), *arguments(order.socket_dir, fsync=order.fsync)]
    os.execve(command[0], command, postgres_environment())


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
    raise NotAllowedToRun("PostgreSQL does not run as this user, and no other user could be used: run as an ordinary user.")


def _needed(binaries: Binaries) -> list[Path]:
    libraries = [binaries.libraries] if binaries.libraries.exists() else []
    return [binaries.postgres, binaries.initdb, binaries.home / "lib", binaries.home / "share", *libraries]


def _provide(cluster: Path, template: str, binaries: Binaries, way: Way) -> str:
    if clusters.check_version(cluster):
        return "existing"
    clusters.remove_partial(cluster)
    if template:
        clusters.copy(Path(template), cluster)
        return "template"
    clusters.initialize(cluster, binaries, way)
    return "initdb"


def _log_to(path: Path) -> None:
    """Opened here, while we may still write beside the cluster."""
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(log, 2)
    os.dup2(log, 1)  # closes the pipe to the host


if __name__ == "__main__":
    main()
