"""Hosts and servers that are killed, and process ids that somebody else got."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from embedded.tests.postgres.hosts import IN_MAIN_THREAD, IN_OTHER_THREAD, Host, query
from farthing.embedded.postgres.binaries import find_binaries
from farthing.embedded.postgres.errors import DataDirectoryInUse
from farthing.embedded.postgres.leftover import Note, alive, read_note, stop_leftover, write_note
from farthing.embedded.postgres.server import EmbeddedPostgres

Eventually = Callable[[Callable[[], bool]], bool]
NO_CLEAN_END = "database system was not properly shut down"


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """A process that has nothing to do with PostgreSQL."""
    process = subprocess.Popen(["sleep", "100"])
    yield process
    process.kill()
    process.wait()


class TestKilledHost:
    def test_its_server_shuts_down_cleanly_by_itself(self, data_dir: Path, start_host: Callable[..., Host], eventually: Eventually) -> None:
        host = start_host()
        note = Note(host.server_pid, host.socket_dir)
        assert read_note(data_dir) == note
        query(host.socket_dir, "CREATE TABLE kept (a int); INSERT INTO kept VALUES (7)")
        host.kill()
        assert eventually(lambda: not alive(note))
        with EmbeddedPostgres(data_dir) as server:
            assert query(server.socket_dir, "SELECT a FROM kept") == 7
        assert NO_CLEAN_END not in server.log.read_text()
        assert not host.socket_dir.exists()

    def test_a_server_started_by_another_thread_is_left_and_the_next_start_stops_it(
        self, data_dir: Path, start_host: Callable[..., Host]
    ) -> None:
        host = start_host(IN_OTHER_THREAD)
        query(host.socket_dir, "CREATE TABLE kept (a int); INSERT INTO kept VALUES (7)")
        host.kill()
        assert query(host.socket_dir, "SELECT a FROM kept") == 7  # it outlived its host, and the thread that started it
        with EmbeddedPostgres(data_dir) as server:
            assert not alive(Note(host.server_pid, host.socket_dir))
            assert server.pid != host.server_pid
            assert query(server.socket_dir, "SELECT a FROM kept") == 7
        assert NO_CLEAN_END not in server.log.read_text()
        assert not host.socket_dir.exists()

    def test_a_left_server_that_hangs_is_stopped_by_force(
        self, data_dir: Path, start_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            "farthing.embedded.postgres.leftover.STOP_STEPS", ((signal.SIGINT, 0.1), (signal.SIGQUIT, 0.1), (signal.SIGKILL, 5.0))
        )
        host = start_host(IN_OTHER_THREAD)
        host.kill()
        os.kill(host.server_pid, signal.SIGSTOP)
        assert stop_leftover(data_dir)
        assert not alive(Note(host.server_pid, host.socket_dir))
        assert read_note(data_dir) is None

    @pytest.mark.parametrize(
        ("start", "end"),
        [
            (IN_MAIN_THREAD, "signal.raise_signal(signal.SIGTERM)"),
            (IN_OTHER_THREAD, "pass"),
            (IN_OTHER_THREAD, "sys.exit(3)"),
            (IN_OTHER_THREAD, "raise RuntimeError"),
        ],
    )
    def test_a_host_that_ends_without_stopping_leaves_no_server(
        self, start_host: Callable[..., Host], eventually: Eventually, start: str, end: str
    ) -> None:
        host = start_host(start, f"sys.stderr.close(); {end}")
        host.process.wait()
        assert eventually(lambda: not alive(Note(host.server_pid, host.socket_dir)))

    def test_what_it_had_half_made_is_removed(self, tmp_path: Path) -> None:
        half = tmp_path / "data" / "postgres.partial-x1y2"
        half.mkdir(parents=True)
        (half / "PG_VERSION").write_text("18\n")
        with EmbeddedPostgres(tmp_path / "data") as server:
            assert server.origin == "initdb"
            assert query(server.socket_dir, "SELECT 1") == 1
            assert not half.exists()


class TestKilledServer:
    def test_the_next_start_recovers_what_was_committed_and_nothing_else(self, data_dir: Path, eventually: Eventually) -> None:
        server = EmbeddedPostgres(data_dir)
        server.start()

        async def kill_within_a_transaction() -> None:
            connection = await asyncpg.connect(server.dsn())
            await connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS a")
            await connection.execute("BEGIN; INSERT INTO kept VALUES (1001)")
            os.kill(server.pid, signal.SIGKILL)
            connection.terminate()

        asyncio.run(kill_within_a_transaction())
        assert eventually(lambda: not server.running)
        server.stop()
        server.start()
        assert query(server.socket_dir, "SELECT count(*) FROM kept") == 1000
        server.stop()
        assert NO_CLEAN_END in server.log.read_text()

    def test_a_start_waits_for_processes_of_the_killed_server(
        self, data_dir: Path, start_host: Callable[..., Host], eventually: Eventually
    ) -> None:
        """Its checkpointer, stopped, still holds the shared memory: PostgreSQL refuses to start until it is gone."""
        host = start_host()
        query(host.socket_dir, "CREATE TABLE kept (a int); INSERT INTO kept VALUES (7)")
        children = Path(f"/proc/{host.server_pid}/task/{host.server_pid}/children").read_text().split()
        child = next(int(pid) for pid in children if "checkpointer" in Path(f"/proc/{pid}/cmdline").read_text())
        os.kill(child, signal.SIGSTOP)
        os.kill(host.server_pid, signal.SIGKILL)
        host.kill()
        server = EmbeddedPostgres(data_dir)
        server.begin_start()
        refused: list[bool] = []

        def kill_once_refused() -> None:
            refused.append(eventually(lambda: "pre-existing shared memory block" in server.log.read_text()))
            os.kill(child, signal.SIGKILL)

        killing = threading.Thread(target=kill_once_refused)
        killing.start()
        server.wait_until_ready()
        killing.join()
        assert refused == [True]
        assert query(server.socket_dir, "SELECT a FROM kept") == 7
        server.stop()


class TestProcessIds:
    def test_a_process_that_got_the_id_of_a_former_server_is_not_touched(
        self, data_dir: Path, tmp_path: Path, bystander: subprocess.Popen[bytes]
    ) -> None:
        write_note(data_dir, Note(bystander.pid, tmp_path / "farthing-gone"))
        with EmbeddedPostgres(data_dir) as server:
            assert query(server.socket_dir, "SELECT 1") == 1
        assert bystander.poll() is None

    def test_nor_does_it_keep_postgresql_from_starting(
        self, data_dir: Path, bystander: subprocess.Popen[bytes], start_host: Callable[..., Host]
    ) -> None:
        """After a container's restart ids repeat, and PostgreSQL takes any process of its user for its own former self."""
        host = start_host()
        os.kill(host.server_pid, signal.SIGKILL)
        host.kill()
        lock_file = data_dir / "postgres" / "postmaster.pid"
        lock_file.write_text(lock_file.read_text().replace(str(host.server_pid), str(bystander.pid), 1))
        with EmbeddedPostgres(data_dir) as server:
            assert query(server.socket_dir, "SELECT 1") == 1
        assert bystander.poll() is None

    def test_a_note_that_was_cut_off_is_ignored(self, data_dir: Path) -> None:
        (data_dir / "server.pid").write_text("1")
        with EmbeddedPostgres(data_dir) as server:
            assert query(server.socket_dir, "SELECT 1") == 1

    def test_a_server_that_was_started_by_hand_is_not_stopped(self, data_dir: Path, tmp_path: Path) -> None:
        socket_dir = tmp_path / "s"
        socket_dir.mkdir()
        as_nobody = ["unshare", "--user", "--map-user=65534", "--map-group=65534"] if os.geteuid() == 0 else []
        command = [str(find_binaries().postgres), "-D", str(data_dir / "postgres"), "-c", "listen_addresses=", "-k", str(socket_dir)]
        with subprocess.Popen([*as_nobody, *command], stderr=subprocess.DEVNULL) as by_hand:
            try:
                while "ready" not in (lock.read_text() if (lock := data_dir / "postgres" / "postmaster.pid").exists() else ""):
                    assert by_hand.poll() is None
                with pytest.raises(DataDirectoryInUse, match=f"started by hand \\(process {by_hand.pid}\\)"):
                    EmbeddedPostgres(data_dir).start()
                assert query(socket_dir, "SELECT 1") == 1
            finally:
                by_hand.send_signal(signal.SIGINT)
