"""The note about who serves a data directory, and stopping a server whose parent was killed.

Process ids are reused, so a process is believed to be ours only if its command line names the socket folder of the note: that name is random and
made anew for each start.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

SOCKET_PREFIX = "farthing-"
_NOTE = "server.pid"
# Fast shutdown, then without a checkpoint, then by force: seconds to wait after each.
_STEPS = ((signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))


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
    """Stop a server that a killed process left on this data directory, and clear up after it. Answers whether there was one."""
    note = read_note(data_dir)
    if note is None:
        return False
    found = alive(note)
    for number, seconds in _STEPS:
        if not alive(note):
            break
        with suppress(ProcessLookupError):
            os.kill(note.pid, number)
        _wait_until_gone(note, seconds)
    clear(data_dir, note)
    return found


def clear(data_dir: Path, note: Note) -> None:
    """Remove the note and the socket's folder."""
    (data_dir / _NOTE).unlink(missing_ok=True)
    if note.socket_dir.name.startswith(SOCKET_PREFIX):
        shutil.rmtree(note.socket_dir, ignore_errors=True)


def alive(note: Note) -> bool:
    """Whether the process of the note lives and is the one that was noted."""
    return str(note.socket_dir) in _command_line(note.pid)


def _wait_until_gone(note: Note, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while alive(note) and time.monotonic() < deadline:
        time.sleep(0.005)


def _command_line(pid: int) -> str:
    """Empty when there is no such process, or only its zombie."""
    if sys.platform == "linux":
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return ""
    return subprocess.run(["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
