"""The note about who serves a data directory, and stopping a server whose host was killed.

Process ids are reused, after a container's restart nearly at once. So a process is believed to be ours only if its command line names the
socket folder of the note: that name is random and made anew by each host.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from farthing.embedded.postgres.errors import DataDirectoryInUse

SOCKET_PREFIX = "farthing-"
_NOTE = "server.pid"
# Fast shutdown, then one without a checkpoint, then by force; with the seconds to wait after each.
STOP_STEPS = ((signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))


class Note(NamedTuple):
    """Which process serves a data directory, and where its socket lies."""

    pid: int
    socket_dir: Path


def write_note(data_dir: Path, note: Note) -> None:
    (data_dir / _NOTE).write_text(f"{note.pid}\n{note.socket_dir}\n")


def read_note(data_dir: Path) -> Note | None:
    """The note, unless there is none or it was cut off."""
    try:
        pid, socket_dir = (data_dir / _NOTE).read_text().splitlines()
        return Note(int(pid), Path(socket_dir))
    except (FileNotFoundError, ValueError):
        return None


def stop_leftover(data_dir: Path) -> bool:
    """Stop a server that a killed host left on this data directory, and clear up after it. Answers whether there was one."""
    note = read_note(data_dir)
    if note is None:
        return False
    found = alive(note)
    for number, seconds in STOP_STEPS:
        if not alive(note):
            break
        with suppress(ProcessLookupError):
            os.kill(note.pid, number)
        _wait_until_gone(note, seconds)
    clear(data_dir, note)
    return found


def clear(data_dir: Path, note: Note) -> None:
    """Remove the note and the socket's folder."""
    forget(data_dir)
    if note.socket_dir.name.startswith(SOCKET_PREFIX):
        shutil.rmtree(note.socket_dir, ignore_errors=True)


def forget(data_dir: Path) -> None:
    """Remove the note only."""
    (data_dir / _NOTE).unlink(missing_ok=True)


def alive(note: Note) -> bool:
    """Whether the process of the note lives and is the one that was noted."""
    return str(note.socket_dir) in _command_line(note.pid)


def take_over(cluster: Path) -> None:
    """Make sure that PostgreSQL's own lock file does not stand in the way of this process, which is about to become postgres.

    PostgreSQL refuses to start if the file names any live process of its user, even one that merely got the same id. Naming ourselves keeps
    the file's other purpose: it tells PostgreSQL which shared memory the former server used. Raises DataDirectoryInUse for a server started
    by hand.
    """
    lock_file = cluster / "postmaster.pid"
    try:
        pid, *rest = lock_file.read_text().splitlines(keepends=True)
        former = _command_line(int(pid))
    except (FileNotFoundError, ValueError):
        return
    if "postgres" in former and str(cluster) in former:
        raise DataDirectoryInUse(f"A PostgreSQL server that was started by hand (process {int(pid)}) serves {cluster}: stop it first.")
    lock_file.write_text(f"{os.getpid()}\n{''.join(rest[:6])}")  # the eighth line would still say that it is ready


def _wait_until_gone(note: Note, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while alive(note) and time.monotonic() < deadline:
        time.sleep(0.005)


def _command_line(pid: int) -> str:
    """Empty when there is no such process, or only its zombie."""
    if not Path("/proc/self/cmdline").exists():
        return subprocess.run(["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")
    except OSError:
        return ""
