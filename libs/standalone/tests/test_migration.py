"""Migrations as an init container runs them: several at once, by the owner, for a role that may not change the tables."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import asyncpg
import pytest

from farthing.accounts.service import MANIFEST
from farthing.kit.migrations import migrations_of
from farthing.standalone.migration import bring_up_to_date
from tests.postgres import PostgresServer

OWNER, ROLE = "mig_owner", "mig-accounts"
COMMAND = [sys.executable, "-m", "farthing.accounts", "migrate"]


@pytest.fixture
async def environment(postgres_server: PostgresServer, fresh_database: str) -> dict[str, str]:
    admin = await asyncpg.connect(postgres_server.dsn(fresh_database))
    for role in (OWNER, ROLE):
        if not await admin.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
            await admin.execute(f'CREATE ROLE "{role}" LOGIN')
    await admin.execute(f'GRANT CREATE ON DATABASE "{fresh_database}" TO {OWNER}')
    await admin.close()
    urls = {"DATABASE_OWNER_URL": postgres_server.dsn(fresh_database, OWNER), "DATABASE_URL": postgres_server.dsn(fresh_database, ROLE)}
    return {**os.environ, **urls, "FARTHING_MODE": "sandbox"}


def run(environment: dict[str, str], **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(COMMAND, env={**environment, **more}, capture_output=True, text=True, check=False, timeout=100)


async def test_three_at_once_do_it_once_and_the_role_may_use_it_but_not_change_it(environment: dict[str, str]) -> None:
    at_once = [subprocess.Popen(COMMAND, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    said = [process.communicate(timeout=60) for process in at_once]
    assert [process.returncode for process in at_once] == [0, 0, 0], said
    names = ", ".join([*(migration.name for migration in migrations_of("accounts")), "seed.sql"])
    assert sorted(out for out, _ in said) == sorted([f"accounts: {names}\n", *["accounts: nothing to do\n"] * 2])
    connection = await asyncpg.connect(environment["DATABASE_URL"])
    await connection.execute("SET search_path = accounts")
    seeded = await connection.fetchval("SELECT count(*) FROM accounts")
    assert seeded == 4
    await connection.execute("INSERT INTO outbox (id, type, subject, data, at) VALUES ('a', 'b', 'c', '{}', now())")
    for statement in ("CREATE TABLE accounts.mine (n int)", "ALTER TABLE outbox ADD COLUMN n int", "DROP TABLE accounts"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    assert run(environment).stdout == "accounts: nothing to do\n"
    assert await connection.fetchval("SELECT count(*) FROM accounts") == seeded
    await connection.close()


async def test_a_service_without_a_seed(environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "farthing.ledger", "migrate"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=100)
    assert (done.returncode, done.stdout.endswith(", seed.sql\n")) == (0, True), done.stderr


async def test_they_wait_for_each_other(environment: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """In one loop, so that they certainly overlap."""
    await asyncio.gather(*(bring_up_to_date(MANIFEST, environment) for _ in range(4)))
    assert capsys.readouterr().out.count("nothing to do") == 3


async def test_it_waits_for_no_request_of_the_version_that_serves(environment: dict[str, str]) -> None:
    """A transaction of the old version is open on every table; a repeated migration neither waits for it nor disturbs it."""
    assert run(environment).returncode == 0
    old = await asyncpg.connect(environment["DATABASE_URL"])
    async with old.transaction():
        await old.execute("DELETE FROM accounts.accounts")
        assert run(environment).stdout == "accounts: nothing to do\n"
        assert await old.fetchval("SELECT count(*) FROM accounts.accounts") == 0
    await old.close()


async def test_in_live_mode_there_is_no_seed(environment: dict[str, str]) -> None:
    done = run(environment, FARTHING_MODE="live")
    assert (done.returncode, "seed.sql" in done.stdout) == (0, False)
    connection = await asyncpg.connect(environment["DATABASE_URL"])
    assert await connection.fetchval("SELECT count(*) FROM accounts.accounts") == 0
    await connection.close()


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"DATABASE_OWNER_URL": ""}, 2, "accounts: DATABASE_OWNER_URL is not set: "),
        ({"DATABASE_OWNER_URL": "postgresql://mig_owner@/no_such?host={socket}"}, 1, "accounts: The database refuses us: "),
    ],
)
async def test_what_is_wrong_is_one_line(
    environment: dict[str, str], postgres_server: PostgresServer, change: dict[str, str], code: int, said: str
) -> None:
    found = {name: value.format(socket=postgres_server.socket_dir) for name, value in change.items()}
    done = run(environment, **found)
    assert (done.returncode, done.stderr.count("\n")) == (code, 1), done.stderr
    assert done.stderr.startswith(said)


def test_another_command_is_refused() -> None:
    done = subprocess.run([*COMMAND[:-1], "migrat"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "accounts: 'migrat' is no command: use serve or migrate\n")
