"""Data directories that nobody keeps."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from farthing.embedded.postgres.data_directory import remove_abandoned

_PREFIX = "farthing-data-"


@contextmanager
def ephemeral_data_dir() -> Iterator[Path]:
    """A data directory in the temporary folder, removed at the end. Also removes those of hosts that were killed."""
    for abandoned in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        remove_abandoned(abandoned)
    data_dir = Path(tempfile.mkdtemp(prefix=_PREFIX))
    try:
        yield data_dir
    finally:
        shutil.rmtree(data_dir, ignore_errors=True)
