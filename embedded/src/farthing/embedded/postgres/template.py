"""Prepared clusters in the user's cache: a later cold start copies one instead of running initdb, migrations and seed.

`<cache>/templates/<format>-<release>-<contents>-<uid>/` holds `postgres/` and `template.json`. It appears by one rename when it is
complete, and is used only if it measures what `template.json` says: nobody waits until it is on disk, so a crash of the machine soon
afterwards may leave it with empty files. Makers at the same time do not wait for each other; the first to finish wins.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from farthing.embedded.postgres.binaries import find_binaries
from farthing.embedded.postgres.data_directory import remove_abandoned
from farthing.embedded.postgres.launch import CLUSTER, LOG
from farthing.embedded.postgres.trees import Size, measure_tree

_FORMAT = 1  # of the cluster that we make: take another number when initdb's options change
_KEPT = 3
_MEASURES = "template.json"
_PARTIAL = ".partial-"


class Prepared(NamedTuple):
    """A cluster to copy, and what it measures."""

    cluster: Path
    size: Size


class Template:
    """What a new data directory starts from.

    `prepare` gets the socket's folder of a running server and brings its database up to date, whatever that holds: it is also called for a
    data directory that was there before. `contents` is a hash of all that it puts into an empty database. `cache` is where templates are
    kept (`settings.user_cache()`); without one, or where it is not writable, each new data directory is prepared by itself.
    """

    def __init__(self, contents: str, prepare: Callable[[Path], None], cache: Path | None) -> None:
        if not contents.isalnum():
            raise ValueError(f"A template is named by a hash, not by {contents!r}.")
        self.prepare = prepare
        self._contents = contents
        self._cache = cache / "templates" if cache else None

    def find(self) -> Prepared | None:
        """The prepared cluster, if this user has made one."""
        folder = self._folder()
        try:
            if folder is None or folder.stat().st_uid != os.geteuid():
                return None
            measures = json.loads((folder / _MEASURES).read_text())
            os.utime(folder)  # the least recently used are removed first
            return Prepared(folder / CLUSTER, Size(measures["files"], measures["bytes"]))
        except (OSError, ValueError, KeyError):
            return None

    def begin(self) -> Path | None:
        """A new data directory to prepare a cluster in, unless nothing can be kept here."""
        if self._cache is None:
            return None
        try:
            self._cache.mkdir(mode=0o700, parents=True, exist_ok=True)
            for abandoned in self._cache.glob(f"{_PARTIAL}*"):
                remove_abandoned(abandoned)
            return Path(tempfile.mkdtemp(prefix=_PARTIAL, dir=self._cache))
        except OSError:
            return None

    def publish(self, partial: Path) -> Prepared:
        """Keep what was prepared in `partial` and stopped cleanly. Answers what to copy: another maker's, if that one was first."""
        prepared = Prepared(partial / CLUSTER, measure_tree(str(partial / CLUSTER)))
        folder = self._folder()
        if folder is None or not _complete(partial, prepared.size):
            return prepared
        if self.find() is None:
            _remove(folder)  # it may be there and broken
        with suppress(OSError):  # refused if another maker was first
            partial.rename(folder)
        found = self.find()
        if found is None:
            return prepared  # from where it is; the folder is removed as abandoned later
        shutil.rmtree(partial, ignore_errors=True)
        self._prune(folder.parent)
        return found

    def discard(self) -> None:
        """Remove the template, because it is not what it should be."""
        folder = self._folder()
        if folder is not None:
            _remove(folder)

    def _folder(self) -> Path | None:
        return self._cache / f"{_FORMAT}-{find_binaries().release}-{self._contents}-{os.geteuid()}" if self._cache else None

    def _prune(self, cache: Path) -> None:
        ours = cache.glob(f"[!.]*-{os.geteuid()}")
        for folder in sorted(ours, key=_last_used, reverse=True)[_KEPT:]:
            _remove(folder)


def _complete(partial: Path, size: Size) -> bool:
    """Make a stopped data directory a template. Answers whether that worked."""
    try:
        (partial / LOG).unlink(missing_ok=True)
        (partial / _MEASURES).write_text(json.dumps(size._asdict()))
    except OSError:
        return False
    return True


def _last_used(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:  # another process has just removed it
        return 0.0


def _remove(folder: Path) -> None:
    """First out of the way, so that nobody finds half of it."""
    aside = folder.with_name(f"{_PARTIAL}{os.getpid()}-{folder.name}")
    try:
        folder.rename(aside)
    except OSError:
        return
    shutil.rmtree(aside, ignore_errors=True)
