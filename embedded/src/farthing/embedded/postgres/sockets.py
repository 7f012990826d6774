"""The private folder for a server's socket."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
import time
from pathlib import Path

from farthing.embedded.postgres.errors import NotAllowedToRun
from farthing.embedded.postgres.leftover import SOCKET_PREFIX

# The system's limit for a socket's path is 103 bytes on macOS and 107 on Linux; `/.s.PGSQL.5432` and our random name come out of it.
_LONGEST_PARENT = 103 - len("/.s.PGSQL.5432") - len(f"/{SOCKET_PREFIX}12345678")
_LOCK = "host.lock"
_YOUNG = 60.0  # seconds; a folder that was just made may not be locked yet
_SHORT_PARENTS = ("/tmp", "/var/tmp", "/run", "/dev/shm")  # noqa: S108 - mkdtemp makes a private folder in it


class SocketFolder:
    """Made and held from construction to `remove`: the lock in it tells others that its host lives, however that ends."""

    def __init__(self) -> None:
        self.path = _make_socket_dir()
        self._lock = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)

    def clear_sockets(self) -> None:
        """Remove what a killed server left in it."""
        self.path.mkdir(mode=0o700, exist_ok=True)
        for left in self.path.glob(".s.*"):
            left.unlink()


def _make_socket_dir() -> Path:
    """Make a folder of mode 0700 whose path is short enough, in the temporary folder if that will do. Sweeps where it looks."""
    for parent in (tempfile.gettempdir(), *_SHORT_PARENTS):
        if len(os.fsencode(parent)) > _LONGEST_PARENT or not _passable(Path(parent)):
            continue
        _sweep(Path(parent))
        try:
            return Path(tempfile.mkdtemp(prefix=SOCKET_PREFIX, dir=parent))
        except OSError:
            continue
    raise NotAllowedToRun(f"No temporary folder can hold PostgreSQL's socket: none of {', '.join(_SHORT_PARENTS)} is writable.")


def _sweep(parent: Path) -> None:
    """Remove the folders of hosts that were killed: those of ours whose lock nobody holds."""
    for folder in parent.glob(f"{SOCKET_PREFIX}*"):
        try:
            about = folder.lstat()
            young = time.time() - about.st_mtime < _YOUNG  # noqa: TID251 - compared with what the file system says
            if young or not stat.S_ISDIR(about.st_mode):
                continue
            lock = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
        except OSError:  # another user's, or no socket's folder
            continue
        try:
            if os.geteuid() in {0, os.fstat(lock).st_uid}:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # its host lives
            continue
        finally:
            os.close(lock)


def _passable(parent: Path) -> bool:
    """Whether PostgreSQL reaches the folder: when root starts it, it has not root's right to pass everywhere."""
    if os.geteuid() != 0:
        return True
    try:
        return all(folder.stat().st_mode & 0o001 for folder in (parent, *parent.parents))
    except OSError:
        return False
