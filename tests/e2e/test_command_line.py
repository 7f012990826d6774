"""`farthing`: what each command prints, and exit codes that scripts can use."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from farthing.embedded.cli.failure import Failure
from farthing.embedded.cli.refusals import in_one_line
from farthing.embedded.cli.serve import Options, with_a_way_out
from farthing.kit.errors import Unavailable
from tests.e2e.test_first_checkout import create
from tests.listening import listening
from tests.platform import TestPlatform
from tests.ports import free_ports
from tests.postgres import PostgresServer

Done = tuple[int, str, str]


async def farthing(*arguments: str, url: str = "http://127.0.0.1:9", **environment: str) -> Done:
    """Exit code, standard output, standard error. Port 9 is where nobody listens."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "farthing.embedded",
        *arguments,
        env={**os.environ, "FARTHING_URL": url, "COLUMNS": "200", **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await child.communicate()
    return child.returncode or 0, output.decode(), errors.decode()


def one_line(errors: str) -> str:
    assert errors.startswith("farthing: ")
    assert errors.count("\n") == 1, errors
    return errors


async def test_a_running_platform_is_steered(served: TestPlatform) -> None:
    order = await create(served)
    approved = await farthing("approve", order["id"], url=served.url)
    assert approved[:2] == (0, f"{order['id']} APPROVED\n"), approved[2]
    frozen = await farthing("clock", "freeze", url=served.url)
    assert (frozen[0], frozen[1].rstrip().endswith("(frozen)")) == (0, True)
    going = await farthing("clock", "unfreeze", url=served.url)
    assert (going[0], "frozen" in going[1]) == (0, False)
    assert (await farthing("clock", "freeze", url=served.url))[0] == 0
    funded = await farthing("fund", "poor@example.com", "12.50", "EUR", url=served.url)
    assert (funded[0], "12.50 EUR" in funded[1].splitlines()) == (0, True), funded
    before = served.clock.now()
    assert (await farthing("clock", "advance", "P1D", url=served.url))[0] == 0
    assert (served.clock.now() - before).days == 1
    audit = await farthing("audit", url=served.url)
    assert (audit[0], json.loads(audit[1])["balanced"]) == (0, True)
    other = await farthing("audit", "--block", "1", "--hash", "0" * 64, url=served.url)
    assert (other[0], f"block 1 was expected with hash {'0' * 64}" in other[1]) == (1, True)
    made = await farthing("admin", "create-account", "new@example.com", url=served.url, FARTHING_PASSWORD="long enough a word")
    assert (made[0], made[1].split()[1:]) == (0, ["new@example.com", "(personal)"]), made[2]
    again = await farthing("admin", "create-account", "x..y@example.com", url=served.url, FARTHING_PASSWORD="long enough")
    assert (again[0], "(/email)" in one_line(again[2])) == (4, True)
    app = await farthing("admin", "create-app", "store@example.com", url=served.url)
    assert (app[0], app[1].count("\n")) == (0, 2), app[2]
    assert (await farthing("reset", url=served.url))[:2] == (0, "reset: back to the seed\n")


async def test_a_refusal_is_one_line_in_the_platforms_own_words(served: TestPlatform) -> None:
    code, _, errors = await farthing("approve", "NOSUCHORDER", url=served.url)
    assert code == 4
    assert "404 INVALID_RESOURCE_ID" in one_line(errors)


async def test_nobody_there_says_what_to_do() -> None:
    code, _, errors = await farthing("reset")
    assert code == 4
    assert "farthing up" in one_line(errors)


@pytest.mark.parametrize("body", [b"gone", b"[]", b'{"detail": "Not Found"}', b'{"details": "none"}'])
async def test_another_server_at_the_address_says_what_to_do(body: bytes) -> None:
    async def other(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 404, "headers": [(b"content-length", str(len(body)).encode())]})
        await send({"type": "http.response.body", "body": body})

    async with listening(other) as url:
        for command in ("audit", "rollouts"):
            code, _, errors = await farthing(command, url=url)
            assert code == 4
            assert f"what answers at {url} (404) is not Farthing: set FARTHING_URL" in one_line(errors)


async def test_a_taken_port_names_the_option() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, _, errors = await farthing("up", "--port", str(taken.getsockname()[1]), "--ephemeral")
    assert code == 3
    assert "--port" in one_line(errors)


@pytest.mark.timeout(120)
async def test_of_two_that_start_at_once_one_has_the_port() -> None:
    [port] = map(str, free_ports(1))
    command = (sys.executable, "-m", "farthing.embedded", "up", "--ephemeral", "--port", port)
    both = [await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE) for _ in "12"]
    ending = {asyncio.create_task(child.communicate()): child for child in both}
    try:
        async with asyncio.timeout(60):
            (refused,), (serves,) = await asyncio.wait(ending, return_when=asyncio.FIRST_COMPLETED)
        output, errors = await refused
        assert (ending[refused].returncode, output, "--port" in one_line(errors.decode())) == (3, b"", True)
        assert (await farthing("audit", url=f"http://127.0.0.1:{port}"))[0] == 0
    finally:
        for child in both:
            if child.returncode is None:
                child.terminate()
    assert ((await serves)[1], ending[serves].returncode) == (b"", 0)


async def test_an_address_of_another_machine_names_the_option() -> None:
    code, _, errors = await farthing("up", "--port", "0", "--host", "192.0.2.1", "--ephemeral")
    assert code == 3
    assert "--host" in one_line(errors)
    assert "--port" not in errors


@pytest.mark.parametrize(("name", "value"), [("FARTHING_TRACE_RATIO", "7"), ("FARTHING_PUBLIC_URL", "nonsense")])
async def test_a_setting_that_makes_no_sense_is_named(name: str, value: str) -> None:
    code, _, errors = await farthing("up", "--port", "0", "--ephemeral", **{name: value})
    assert code == 2
    assert f"{name} is '{value}': use " in one_line(errors)


async def test_a_port_for_metrics_that_cannot_be_is_named() -> None:
    up = ("up", "--port", "0", "--database-url", "postgresql://nobody@127.0.0.1:9/none")
    for port in ("http", "65536"):
        code, _, errors = await farthing(*up, FARTHING_METRICS_PORT=port)
        assert (code, one_line(errors)) == (2, f"farthing: FARTHING_METRICS_PORT is {port!r}: use a port from 1 to 65535\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, _, errors = await farthing(*up, FARTHING_METRICS_PORT=str(taken.getsockname()[1]))
    assert (code, "FARTHING_METRICS_PORT" in one_line(errors)) == (3, True)


@pytest.mark.timeout(120)
async def test_metrics_of_all_services_have_a_port_of_their_own() -> None:
    [port] = free_ports(1)
    script = f"import urllib.request as u; print(u.urlopen('http://127.0.0.1:{port}/metrics').read().decode())"
    code, printed, errors = await farthing("exec", "--", sys.executable, "-c", script, FARTHING_METRICS_PORT=str(port))
    assert (code, errors) == (0, "")
    assert {f'farthing_outbox_oldest_age_seconds{{service="{name}"}} 0.0' for name in ("orders", "payments")} <= set(printed.splitlines())
    assert "process_resident_memory_bytes" in printed


async def test_an_unreachable_database_says_so() -> None:
    code, _, errors = await farthing("up", "--port", "0", "--database-url", "postgresql://nobody@127.0.0.1:9/none")
    assert code == 3
    assert "FARTHING_DATABASE_URL" in one_line(errors)


def test_a_database_without_room_says_so() -> None:
    full = asyncpg.DiskFullError('could not extend file "base/16384/2619"')
    with pytest.raises(Failure, match=r"disk is full \(could not extend file .*\): make room, or .* --data-dir") as found, in_one_line():
        raise Unavailable from full
    assert found.value.code == 3


def refusing(postgres_server: PostgresServer, database: str, user: str) -> str:
    return f"postgresql://{user}@/{database}?host={postgres_server.socket_dir}"


@pytest.mark.parametrize(
    ("database", "user", "said"),
    [
        ("nosuchdatabase", "postgres", 'database "nosuchdatabase" does not exist'),
        ("farthing", "nosuchrole", 'role "nosuchrole" does not exist'),
    ],
)
async def test_a_database_that_refuses_says_so(postgres_server: PostgresServer, database: str, user: str, said: str) -> None:
    code, _, errors = await farthing("up", "--port", "0", "--database-url", refusing(postgres_server, database, user))
    assert code == 3
    assert one_line(errors) == f"farthing: the database refuses us ({said}): check --database-url (FARTHING_DATABASE_URL)\n"


@pytest.mark.parametrize("url", ["mysql://root@127.0.0.1/none", "garbage"])
async def test_a_database_url_that_is_none_says_so(url: str) -> None:
    code, _, errors = await farthing("up", "--port", "0", "--database-url", url)
    assert code == 3
    assert "--database-url" in one_line(errors)


@pytest.mark.parametrize("url", ["nonsense", "http://", "ftp://127.0.0.1", "http://127.0.0.1:port"])
async def test_an_address_that_is_none_is_named(url: str) -> None:
    code, _, errors = await farthing("audit", url=url)
    assert code == 2
    assert "FARTHING_URL is" in one_line(errors)


async def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for command in (["dev-tokens", f"{tmp_path}/file/x"], ["manifests", "--write", f"{tmp_path}/file/x/y"]):
        code, _, errors = await farthing(*command)
        assert code == 2
        assert f"{tmp_path}/file/x" in one_line(errors)


@pytest.mark.parametrize(
    "words",
    [
        'initdb failed: bootstrap script ... FATAL:  could not extend file "base/1/2691": wrote only 4096 of 8192 bytes at block 10',
        'PostgreSQL did not start: could not write lock file "postmaster.pid": No space left on device; see data/postgres.log.',
        "[Errno 122] Disk quota exceeded",
    ],
)
def test_a_full_disk_names_the_folders_and_their_options(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    kept, given_up = (Options(0, "127.0.0.1", place, None, None) for place in (Path("data"), None))
    assert with_a_way_out(words, kept, Path("data")) == (
        f"{words}: make room in data or /cache/farthing, or choose another folder with --data-dir or XDG_CACHE_HOME"
    )
    assert with_a_way_out(words, given_up, Path("/tmp/x")).endswith("choose another folder with TMPDIR or XDG_CACHE_HOME")
    assert with_a_way_out("Another process serves data.", kept, Path("data")) == "Another process serves data."


async def test_a_data_directory_of_another_version_is_named(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("16\n")
    code, _, errors = await farthing("up", "--port", "0", "--data-dir", str(tmp_path))
    assert code == 3
    assert "16" in one_line(errors)


@pytest.mark.timeout(120)
async def test_exec_runs_a_command_against_a_platform_of_its_own() -> None:
    script = "import os, sys, urllib.request as u; u.urlopen(os.environ['FARTHING_URL'] + '/_farthing/health'); sys.exit(7)"
    code, _, errors = await farthing("exec", "--", sys.executable, "-c", script)
    assert (code, errors) == (7, "")
    assert (await farthing("exec", "--"))[0] == 2


@pytest.mark.timeout(120)
@pytest.mark.parametrize(("number", "expected"), [(9, 137), (2, 130)])
async def test_exec_answers_a_signal_as_a_shell_does(number: int, expected: int) -> None:
    script = f"import os, signal; signal.signal(signal.SIGINT, signal.SIG_DFL); os.kill(os.getpid(), {number})"
    assert (await farthing("exec", "--", sys.executable, "-c", script))[0] == expected


TIDY = """
import os, sys, time, urllib.request
try:
    print("ready", flush=True)
    time.sleep(60)
finally:
    time.sleep(1)
    print("cleaned", urllib.request.urlopen(os.environ["FARTHING_URL"] + "/_farthing/health").status, flush=True)
"""


async def executing(script: str) -> asyncio.subprocess.Process:
    """`exec` of a Python script in a process group of its own, as in a terminal, when the script has printed its first line."""
    command = (sys.executable, "-m", "farthing.embedded", "exec", "--", sys.executable, "-c", script)
    host = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, start_new_session=True)
    assert host.stdout is not None
    assert await host.stdout.readline() == b"ready\n"
    return host


@pytest.mark.timeout(120)
async def test_the_command_of_exec_cleans_up_after_ctrl_c() -> None:
    host = await executing(TIDY)
    os.killpg(host.pid, signal.SIGINT)
    assert ((await host.communicate())[0], host.returncode) == (b"cleaned 200\n", 128 + signal.SIGINT)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("numbers", [(signal.SIGINT, signal.SIGINT), (signal.SIGTERM,)])
async def test_a_second_ctrl_c_or_sigterm_ends_the_command_of_exec(numbers: tuple[signal.Signals, ...]) -> None:
    host = await executing("import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)")
    for number in numbers:
        await asyncio.sleep(1)  # two at once are one
        os.kill(host.pid, number)
    assert ((await host.communicate())[0], host.returncode) == (b"", 128 + signal.SIGTERM)


async def test_options_that_contradict_are_refused(tmp_path: Path) -> None:
    code, _, errors = await farthing("up", "--port", "0", "--ephemeral", "--data-dir", str(tmp_path / "kept"))
    assert (code, one_line(errors)) == (2, "farthing: --ephemeral keeps nothing and --data-dir keeps the data: choose one\n")
    assert not (tmp_path / "kept").exists()


async def test_facts_come_from_the_manifests(tmp_path: Path) -> None:
    code, listed, _ = await farthing("services")
    assert (code, "ledger" in listed, "webhooks" in listed) == (0, True, True)
    manifests = json.loads((await farthing("manifests"))[1])
    assert manifests["orders"]["calls"] == ["accounts", "merchants", "payments", "vault"]
    assert (await farthing("dev-tokens", str(tmp_path / "tokens")))[0] == 0
    assert sorted(path.name for path in (tmp_path / "tokens" / "orders").iterdir()) == ["accounts", "merchants", "payments", "vault"]
    assert (tmp_path / "tokens" / "orders" / "payments").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("mode", ["sandbox", "live"])
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nonsense",), "EMAIL is 'nonsense': use an address such as name@example.com"),
        (("new@example.com", "--kind", "persnal"), "--kind is 'persnal': use personal or business"),
        (("new@example.com", "--country", "usa"), "--country is 'usa': use a code of two capital letters such as US"),
    ],
)
async def test_an_account_that_cannot_be_says_why(mode: str, arguments: tuple[str, ...], said: str) -> None:
    code, _, errors = await farthing("admin", "create-account", *arguments, FARTHING_PASSWORD="long enough a word", FARTHING_MODE=mode)
    assert (code, one_line(errors)) == (2, f"farthing: {said}\n")


def test_help_teaches() -> None:
    done = subprocess.run([sys.executable, "-m", "farthing.embedded", "--help"], capture_output=True, text=True, check=True, timeout=60)
    words = ("up", "exec", "reset", "clock", "approve", "fund", "audit", "services", "manifests", "admin", "dev-tokens")
    assert [word for word in words if word not in done.stdout] == []
    assert "Exit codes: 0 done" in done.stdout


async def test_the_version_is_told() -> None:
    assert await farthing("--version", FARTHING_VERSION="1.2.3") == (0, "farthing 1.2.3\n", "")
    assert await farthing("--version", FARTHING_VERSION="") == (0, f"farthing {version('farthing-embedded')}\n", "")


@pytest.mark.parametrize("command", ["reset", "approve", "fund", "audit", "clock", "clock show", "clock advance"])
async def test_help_says_which_platform_is_meant(command: str) -> None:
    code, printed, _ = await farthing(*command.split(), "--help")
    assert (code, "FARTHING_URL" in printed) == (0, True)
