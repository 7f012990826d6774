"""What the tests of the embedded PostgreSQL share."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from embedded.tests.postgres.hosts import IN_MAIN_THREAD, Host
from farthing.embedded.postgres.server import EmbeddedPostgres

_MEMORY = Path("/dev/shm")
_ENOUGH = 2 << 30  # bytes free


def _make_folder() -> Path:
    """In memory where there is room, because each cluster is a thousand files."""
    roomy = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ENOUGH
    return Path(tempfile.mkdtemp(prefix="farthing-test-", dir=_MEMORY if roomy else None))


def _remove(folder: Path) -> None:
    """A server whose host was killed may still be writing its last files."""
    deadline = time.monotonic() + 10
    while True:
        try:
            return shutil.rmtree(folder)
        except OSError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.1)


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """Instead of pytest's, which would keep the clusters of the last three runs."""
    folder = _make_folder()
    yield folder
    _remove(folder)


@pytest.fixture(scope="session")
def session_folder() -> Iterator[Path]:
    folder = _make_folder()
    yield folder
    _remove(folder)


@pytest.fixture(scope="session")
def stopped_cluster(session_folder: Path) -> Path:
    """A data directory with an empty cluster that was stopped cleanly, to be copied: initdb takes too long for each test."""
    data_dir = session_folder / "stopped"
    with EmbeddedPostgres(data_dir, fsync=False):
        pass
    return data_dir


@pytest.fixture
def data_dir(stopped_cluster: Path, tmp_path: Path) -> Path:
    """A data directory with an empty cluster."""
    return Path(shutil.copytree(stopped_cluster, tmp_path / "data"))


@pytest.fixture
def start_host(data_dir: Path) -> Iterator[Callable[..., Host]]:
    hosts: list[Host] = []

    def start(how: str = IN_MAIN_THREAD, then: str = "time.sleep(100)") -> Host:
        hosts.append(Host(data_dir, how, then))
        return hosts[-1]

    yield start
    for host in hosts:
        host.clear_up()


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], bool]:
    """Wait, at most ten seconds, until something holds."""

    def wait(holds: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + 10
        while not holds() and time.monotonic() < deadline:
            time.sleep(0.01)
        return holds()

    return wait
