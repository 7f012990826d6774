"""The private folder for a server's socket."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from farthing.embedded.postgres.errors import NotAllowedToRun
from farthing.embedded.postgres.leftover import SOCKET_PREFIX

# The system's limit for a socket's path is 103 bytes on macOS and 107 on Linux; `/.s.PGSQL.5432` and our random name come out of it.
_LONGEST_PARENT = 103 - len("/.s.PGSQL.5432") - len(f"/{SOCKET_PREFIX}12345678")
_SHORT_PARENTS = ("/tmp", "/var/tmp", "/run", "/dev/shm")  # noqa: S108 - mkdtemp makes a private folder in it


def make_socket_dir() -> Path:
    """Make a folder of mode 0700 whose path is short enough, in the temporary folder if that will do."""
    for parent in (tempfile.gettempdir(), *_SHORT_PARENTS):
        if len(os.fsencode(parent)) > _LONGEST_PARENT or not _passable(Path(parent)):
            continue
        try:
            return Path(tempfile.mkdtemp(prefix=SOCKET_PREFIX, dir=parent))
        except OSError:
            continue
    raise NotAllowedToRun(f"No temporary folder can hold PostgreSQL's socket: none of {', '.join(_SHORT_PARENTS)} is writable.")


def _passable(parent: Path) -> bool:
    """Whether PostgreSQL reaches the folder: when root starts it, it has not root's right to pass everywhere."""
    if os.geteuid() != 0:
        return True
    try:
        return all(folder.stat().st_mode & 0o001 for folder in (parent, *parent.parents))
    except OSError:
        return False
