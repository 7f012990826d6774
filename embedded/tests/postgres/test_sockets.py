"""Folders of hosts that were killed are swept by the next one."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from farthing.embedded.postgres.sockets import SocketFolder

HOST = "import os, signal; from farthing.embedded.postgres.sockets import SocketFolder; print(SocketFolder().path, flush=True)"
HOST += "; os.kill(os.getpid(), signal.SIGKILL)"
LONG_AGO = 1_000_000_000


@pytest.fixture
def parent(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary folder with a path that is short enough and that everyone may pass."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)


def left_by_a_killed_host(parent: Path) -> Path:
    environment = {**os.environ, "TMPDIR": str(parent)}
    done = subprocess.run([sys.executable, "-c", HOST], env=environment, stdout=subprocess.PIPE, text=True, check=False)
    return Path(done.stdout.strip())


def test_what_a_killed_host_left_is_swept(parent: Path) -> None:
    old, young, foreign, living = left_by_a_killed_host(parent), left_by_a_killed_host(parent), parent / "farthing-other", SocketFolder()
    foreign.mkdir()
    for folder in (old, foreign, living.path):
        os.utime(folder, (LONG_AGO, LONG_AGO))
    another = SocketFolder()
    assert set(parent.iterdir()) == {young, foreign, living.path, another.path}
    living.remove()
    another.remove()
    assert set(parent.iterdir()) == {young, foreign}
