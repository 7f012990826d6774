"""Data directories that nobody keeps."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from embedded.tests.postgres.hosts import IN_OTHER_THREAD, Host, query
from farthing.embedded.postgres.ephemeral import ephemeral_data_dir
from farthing.embedded.postgres.leftover import Note, alive
from farthing.embedded.postgres.server import EmbeddedPostgres


@pytest.fixture(autouse=True)
def temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_it_is_removed_at_the_end() -> None:
    with ephemeral_data_dir() as data_dir, EmbeddedPostgres(data_dir, fsync=False) as server:
        assert query(server.socket_dir, "SELECT 1") == 1
        assert data_dir.stat().st_mode & 0o777 == 0o700
    assert not data_dir.exists()


def test_those_of_killed_hosts_are_removed_with_their_servers(temporary_folder: Path) -> None:
    abandoned = temporary_folder / "farthing-data-abandoned"
    host = Host(abandoned, IN_OTHER_THREAD, "time.sleep(100)")
    host.kill()
    os.utime(abandoned, (1000, 1000))
    with ephemeral_data_dir():
        assert not abandoned.exists()
        assert not alive(Note(host.server_pid, host.socket_dir))
        assert not host.socket_dir.exists()


def test_one_in_use_and_a_new_one_are_left_alone(temporary_folder: Path) -> None:
    used, new = temporary_folder / "farthing-data-used", temporary_folder / "farthing-data-new"
    new.mkdir()
    with EmbeddedPostgres(used, fsync=False) as server:
        os.utime(used, (1000, 1000))
        with ephemeral_data_dir():
            assert query(server.socket_dir, "SELECT 1") == 1
    assert new.exists()
