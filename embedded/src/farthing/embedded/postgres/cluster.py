"""Makes a database cluster, by initdb or as a copy of a prepared one. Runs in the child process (see `launch`), possibly as root.

A cluster appears under its name only when it is complete: work happens in `<name>.partial-…` beside it, then one rename.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from farthing.embedded.postgres import privileges, trees
from farthing.embedded.postgres.binaries import MAJOR, Binaries
from farthing.embedded.postgres.errors import OtherMajorVersion, PostgresDidNotStart
from farthing.embedded.postgres.privileges import Way
from farthing.embedded.postgres.settings import postgres_environment
from farthing.embedded.postgres.tuning import DATABASE, SUPERUSER

_ACCESS = "local all all trust\n"  # the socket's folder admits only its owner
# WAL segments of 4 MB instead of 16: a cluster is then a third smaller, and copied as much faster.
_INITDB = (
    "--no-sync",
    "--no-instructions",
    "--wal-segsize=4",
    "--locale=C",
    "--encoding=UTF8",
    "--auth=trust",
    f"--username={SUPERUSER}",
)


def has_cluster(cluster: Path) -> bool:
    """Whether there is a cluster that this PostgreSQL can serve. Raises OtherMajorVersion."""
    try:
        found = (cluster / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        return False
    if found != str(MAJOR):
        raise OtherMajorVersion(
            f"The data in {cluster.parent} was written by PostgreSQL {found}, this is PostgreSQL {MAJOR}: choose another data directory."
        )
    return True


def is_ready(cluster: Path, pid: int) -> bool:
    """Whether the server with that process id accepts connections."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


def initialize(cluster: Path, binaries: Binaries, way: Way) -> None:
    """Make an empty cluster with one database. Nothing is synced to disk. Raises PostgresDidNotStart."""
    partial = _partial(cluster)
    folder = open_for(partial, way)
    path = path_of(folder, partial)
    _run([str(binaries.initdb), *_INITDB, "-D", path], way, folder)
    # Renamed rather than made: a second database would be 7 MB more to copy at every cold start.
    _run([str(binaries.postgres), "--single", "-D", path, "template1"], way, folder, f"ALTER DATABASE postgres RENAME TO {DATABASE}\n")
    (partial / "pg_hba.conf").write_text(_ACCESS)
    os.close(folder)
    partial.rename(cluster)


def copy(source: Path, cluster: Path, expected: trees.Size) -> bool:
    """Copy a cluster that was stopped cleanly. Answers false, and leaves nothing, if it is not what is expected."""
    partial = _partial(cluster)
    try:
        complete = trees.copy_tree(str(source), str(partial)) == expected
    except OSError:
        complete = False
    if complete:
        partial.rename(cluster)
    else:
        shutil.rmtree(partial)
    return complete


def remove_partial(cluster: Path) -> None:
    """Remove what a killed process left half-made."""
    for partial in cluster.parent.glob(f"{cluster.name}.partial-*"):
        shutil.rmtree(partial, ignore_errors=True)


def open_for(folder: Path, way: Way) -> int:
    """Give a folder to PostgreSQL's user and open it so that a program started later inherits it."""
    give(folder, privileges.owner(way))
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    os.set_inheritable(descriptor, True)  # noqa: FBT003 - takes no keyword
    return descriptor


def path_of(descriptor: int, folder: Path) -> str:
    """A path by which a program that inherits the descriptor reaches the folder, even if its user may not pass the folders above."""
    opened = f"/proc/self/fd/{descriptor}"
    return opened if os.geteuid() == 0 and Path(opened).is_dir() else str(folder)


def give(folder: Path, new_owner: tuple[int, int]) -> None:
    """Change the owner of a folder and of all in it, if it is not the owner already."""
    found = folder.stat()
    if os.geteuid() != 0 or (found.st_uid, found.st_gid) == new_owner:
        return
    for inside, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(Path(inside, name), *new_owner, follow_symlinks=False)
    os.chown(folder, *new_owner)  # last: a change that was interrupted is begun again


def _partial(cluster: Path) -> Path:
    return Path(tempfile.mkdtemp(prefix=f"{cluster.name}.partial-", dir=cluster.parent))


def _run(command: list[str], way: Way, folder: int, text: str = "") -> None:
    done = subprocess.run(
        command,
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env=postgres_environment(),
        pass_fds=(folder,),
        preexec_fn=lambda: privileges.drop(way),  # safe: this process has one thread
    )
    if done.returncode != 0:
        raise PostgresDidNotStart(f"{Path(command[0]).name} failed: {_reason(done.stdout)}")


def _reason(output: str) -> str:
    lines = [line for line in output.splitlines() if line.strip()] or ["it printed nothing"]
    return next((line for line in lines if "error:" in line or "FATAL:" in line), lines[-1])
