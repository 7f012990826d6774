"""Who may serve a data directory: one live process, which holds a lock on the folder. The kernel frees it however that process ends."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from pathlib import Path

from farthing.embedded.postgres.errors import DataDirectoryInUse, DataDirectoryUnusable
from farthing.embedded.postgres.leftover import stop_leftover

_YOUNG = 60.0  # seconds; a folder that was just made may not be locked yet


class DataDirectoryLock:
    """Held from construction to `release`. PostgreSQL does not inherit it: a server without its host counts as left over.

    Makes the folder if there is none. Raises DataDirectoryInUse, DataDirectoryUnusable.
    """

    def __init__(self, data_dir: Path) -> None:
        try:
            data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder = os.open(data_dir, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise DataDirectoryUnusable(f"The data directory {data_dir} cannot be used: {error.strerror}.") from None
        try:
            fcntl.flock(self._folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._folder)
            if isinstance(error, BlockingIOError):
                raise DataDirectoryInUse(f"Another process serves {data_dir}: stop it or choose another data directory.") from None
            raise DataDirectoryUnusable(f"The data directory {data_dir} cannot be locked: {error.strerror}.") from None

    def release(self) -> None:
        os.close(self._folder)


def remove_abandoned(data_dir: Path) -> None:
    """Remove a throw-away data directory whose host was killed, with the server that may still run on it. Leaves others."""
    try:
        age = time.time() - data_dir.stat().st_mtime  # noqa: TID251 - compared with what the file system says
        if age < _YOUNG or data_dir.stat().st_uid != os.geteuid():
            return
        lock = DataDirectoryLock(data_dir)
    except (OSError, DataDirectoryInUse, DataDirectoryUnusable):
        return
    stop_leftover(data_dir)
    shutil.rmtree(data_dir, ignore_errors=True)
    lock.release()
