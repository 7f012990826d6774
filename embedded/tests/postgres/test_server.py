"""Start, stop and refuse to start."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from embedded.tests.postgres.hosts import Host, query
from farthing.embedded.postgres.errors import (
    DataDirectoryInUse,
    DataDirectoryUnusable,
    OtherMajorVersion,
    PostgresDidNotStart,
)
from farthing.embedded.postgres.leftover import read_note
from farthing.embedded.postgres.server import EmbeddedPostgres


class TestStartAndStop:
    def test_the_first_start_makes_the_cluster_and_a_restart_keeps_its_data(self, tmp_path: Path) -> None:
        data_dir = tmp_path / "not" / "there" / "yet"
        with EmbeddedPostgres(data_dir) as server:
            assert server.origin == "initdb"
            query(server.socket_dir, "CREATE TABLE kept (a int); INSERT INTO kept VALUES (7)")
        with EmbeddedPostgres(data_dir) as server:
            assert server.origin == "existing"
            assert query(server.socket_dir, "SELECT a FROM kept") == 7

    def test_one_object_can_start_again_after_it_stopped(self, data_dir: Path) -> None:
        server = EmbeddedPostgres(data_dir)
        for _ in range(2):
            socket_dir = server.start()
            assert query(socket_dir, "SELECT 1") == 1
            server.stop()
        assert not server.running

    def test_stop_leaves_nothing_but_data_and_log(self, data_dir: Path) -> None:
        with EmbeddedPostgres(data_dir) as server:
            socket_dir, pid = server.socket_dir, server.pid
        assert not socket_dir.exists()
        assert not Path(f"/proc/{pid}").exists()
        assert sorted(path.name for path in data_dir.iterdir()) == ["postgres", "postgres.log"]
        assert not (data_dir / "postgres" / "postmaster.pid").exists()

    def test_stop_is_harmless_when_nothing_runs(self, data_dir: Path) -> None:
        server = EmbeddedPostgres(data_dir)
        server.stop()
        server.start()
        server.stop()
        server.stop()

    def test_stop_does_not_wait_for_clients(self, data_dir: Path) -> None:
        server = EmbeddedPostgres(data_dir)
        server.start()

        async def hold_a_connection() -> None:
            connection = await asyncpg.connect(server.dsn())
            await connection.execute("BEGIN; CREATE TABLE never (a int)")
            server.stop()
            with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
                await connection.execute("COMMIT")

        asyncio.run(hold_a_connection())
        assert not server.running

    def test_the_server_is_in_a_session_of_its_own_so_that_ctrl_c_reaches_only_the_host(self, data_dir: Path) -> None:
        with EmbeddedPostgres(data_dir) as server:
            assert os.getsid(server.pid) == server.pid != os.getsid(0)

    def test_a_second_start_of_a_running_server_is_refused_and_does_not_disturb_it(self, data_dir: Path) -> None:
        with EmbeddedPostgres(data_dir) as server:
            with pytest.raises(PostgresDidNotStart, match="already started"):
                server.start()
            assert query(server.socket_dir, "SELECT 1") == 1


class TestServer:
    @pytest.mark.parametrize(
        ("fsync", "durable"), [pytest.param(True, "on", id="durable"), pytest.param(False, "off", id="for data nobody keeps")]
    )
    def test_settings(self, data_dir: Path, fsync: bool, durable: str) -> None:
        expected = {
            "deadlock_timeout": "50ms",
            "fsync": durable,
            "full_page_writes": durable,
            "io_method": "sync",
            "jit": "off",
            "lc_messages": "C",
            "listen_addresses": "",
            "log_error_verbosity": "terse",
            "log_min_error_statement": "panic",
            "log_min_messages": "log",
            "max_connections": "100",
            "max_logical_replication_workers": "0",
            "server_encoding": "UTF8",
            "shared_buffers": "64MB",
            "synchronous_commit": durable,
            "TimeZone": "UTC",
        }
        names = ", ".join(f"'{name}'" for name in expected)
        with EmbeddedPostgres(data_dir, fsync=fsync) as server:
            found = query(
                server.socket_dir,
                f"SELECT array_agg(name || '=' || current_setting(name) ORDER BY lower(name)) FROM pg_settings WHERE name IN ({names})",
            )
        assert found == [f"{name}={value}" for name, value in expected.items()]

    def test_it_is_postgresql_18_with_one_database_and_one_superuser_in_the_c_locale(self, data_dir: Path) -> None:
        with EmbeddedPostgres(data_dir) as server:
            assert query(server.socket_dir, "SELECT current_setting('server_version_num')::int / 10000") == 18
            assert query(server.socket_dir, "SELECT array_agg(datname::text) FROM pg_database WHERE NOT datistemplate") == ["farthing"]
            assert query(server.socket_dir, "SELECT array_agg(rolname::text) FROM pg_roles WHERE rolcanlogin") == ["postgres"]
            assert query(server.socket_dir, "SELECT datcollate FROM pg_database WHERE datname = 'farthing'") == "C"

    def test_the_environment_of_the_host_does_not_configure_it(self, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PGPORT", "6543")
        monkeypatch.setenv("PGDATA", "/nowhere")
        monkeypatch.setenv("LC_ALL", "xx_XX")
        monkeypatch.setenv("PYTHONPATH", "/nowhere")
        with EmbeddedPostgres(data_dir) as server:
            assert (server.socket_dir / ".s.PGSQL.5432").is_socket()

    def test_every_role_is_trusted_on_the_socket(self, data_dir: Path) -> None:
        with EmbeddedPostgres(data_dir) as server:
            query(server.socket_dir, "CREATE ROLE ledger LOGIN")
            assert query(server.socket_dir, "SELECT current_user", user="ledger") == "ledger"

    def test_the_log_carries_no_stored_values(self, data_dir: Path) -> None:
        with EmbeddedPostgres(data_dir) as server:
            query(server.socket_dir, "CREATE TABLE people (email text PRIMARY KEY); INSERT INTO people VALUES ('buyer@example.com')")
            with pytest.raises(asyncpg.UniqueViolationError):
                query(server.socket_dir, "INSERT INTO people VALUES ('buyer@example.com')")
            with pytest.raises(asyncpg.InvalidTextRepresentationError):
                query(server.socket_dir, "SELECT 'buyer@example.com'::int")
        log = server.log.read_text()
        assert "database system is ready to accept connections" in log
        assert "buyer@example.com" not in log

    def test_a_long_log_is_put_aside(self, data_dir: Path) -> None:
        log = data_dir / "postgres.log"
        log.write_text("x" * (1 << 20) + "y")
        with EmbeddedPostgres(data_dir):
            pass
        assert (data_dir / "postgres.log.1").read_text().endswith("xy")
        assert "x" * 100 not in log.read_text()


class TestSocket:
    def test_its_folder_is_private(self, data_dir: Path) -> None:
        with EmbeddedPostgres(data_dir) as server:
            assert stat.filemode(server.socket_dir.stat().st_mode) == "drwx------"
            assert server.dsn() == f"postgresql://postgres@/farthing?host={server.socket_dir}"
            assert server.dsn("other", user="ledger") == f"postgresql://ledger@/other?host={server.socket_dir}"

    def test_a_url_can_name_any_folder(self, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for folder in (tmp_path, tmp_path / "a b?c&d"):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o755)
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "a b?c&d"))

        async def connect(dsn: str) -> object:
            connection = await asyncpg.connect(dsn)
            try:
                return await connection.fetchval("SELECT current_user")
            finally:
                await connection.close()

        with EmbeddedPostgres(data_dir) as server:
            assert server.socket_dir.parent.name == "a b?c&d"
            assert asyncio.run(connect(server.dsn())) == "postgres"

    def test_a_long_data_directory_does_not_make_a_long_socket_path(self, stopped_cluster: Path, tmp_path: Path) -> None:
        data_dir = tmp_path.joinpath(*["a long name for a folder, with blanks and an umlaut: ü"] * 5)
        shutil.copytree(stopped_cluster, data_dir)
        with EmbeddedPostgres(data_dir) as server:
            assert len(os.fsencode(server.socket_dir / ".s.PGSQL.5432")) <= 103
            assert query(server.socket_dir, "SELECT 1") == 1

    def test_a_temporary_folder_with_a_long_path_is_not_used(self, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        long = tmp_path / ("t" * 90)
        long.mkdir()
        tmp_path.chmod(0o755)  # so that its length alone speaks against it
        monkeypatch.setattr(tempfile, "tempdir", str(long))
        with EmbeddedPostgres(data_dir) as server:
            assert len(os.fsencode(server.socket_dir / ".s.PGSQL.5432")) <= 103
            assert query(server.socket_dir, "SELECT 1") == 1


class TestRefusals:
    def test_a_data_directory_of_another_major_version(self, data_dir: Path) -> None:
        (data_dir / "postgres" / "PG_VERSION").write_text("17\n")
        server = EmbeddedPostgres(data_dir)
        with pytest.raises(OtherMajorVersion) as refused:
            server.start()
        assert str(refused.value) == (
            f"The data in {data_dir} was written by PostgreSQL 17, this is PostgreSQL 18: choose another data directory."
        )
        (data_dir / "postgres" / "PG_VERSION").write_text("18\n")
        server.start()
        server.stop()

    def test_a_data_directory_that_is_in_use(self, data_dir: Path) -> None:
        with EmbeddedPostgres(data_dir) as first:
            with pytest.raises(DataDirectoryInUse) as refused:
                EmbeddedPostgres(data_dir).start()
            assert str(refused.value) == f"Another process serves {data_dir}: stop it or choose another data directory."
            assert query(first.socket_dir, "SELECT 1") == 1

    def test_a_data_directory_that_is_in_use_by_another_process(self, data_dir: Path, start_host: Callable[..., Host]) -> None:
        start_host()
        with pytest.raises(DataDirectoryInUse):
            EmbeddedPostgres(data_dir).start()

    def test_a_data_directory_that_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(DataDirectoryUnusable, match="Not a directory"):
            EmbeddedPostgres(tmp_path / "file" / "data").start()

    def test_a_broken_cluster_is_refused_with_postgresqls_reason_in_one_line(self, data_dir: Path) -> None:
        (data_dir / "postgres.log").write_text("2026-01-01 FATAL:  from an earlier start\n")
        (data_dir / "postgres" / "global" / "pg_control").write_bytes(b"")
        server = EmbeddedPostgres(data_dir)
        with pytest.raises(PostgresDidNotStart) as refused:
            server.start()
        assert str(refused.value) == (
            f'PostgreSQL did not start: could not read file "global/pg_control": read 0 of 296; see {data_dir / "postgres.log"}.'
        )
        assert read_note(data_dir) is None
        with pytest.raises(PostgresDidNotStart):  # and not DataDirectoryInUse: the lock was given back
            server.start()

    def test_a_reason_from_an_earlier_start_is_not_given(self, data_dir: Path) -> None:
        (data_dir / "postgres.log").write_text("2026-01-01 FATAL:  from an earlier start\n")
        (data_dir / "postgres" / "postgresql.conf").unlink()
        with pytest.raises(PostgresDidNotStart, match="could not access the server configuration file"):
            EmbeddedPostgres(data_dir).start()

    def test_a_start_that_takes_too_long_is_given_up_and_leaves_nothing(self, tmp_path: Path) -> None:
        server = EmbeddedPostgres(tmp_path / "data")
        with pytest.raises(PostgresDidNotStart, match="not ready in time"):
            server.start(timeout=0.01)
        assert not server.running
        assert read_note(tmp_path / "data") is None
