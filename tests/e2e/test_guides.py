"""What the documentation tells people to type is typed here."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import sys
from pathlib import Path

import asyncpg
import pytest

from tests.platform import TestPlatform
from tests.ports import free_ports
from tests.postgres import PostgresServer
from tests.processors import Command

ROOT = Path(__file__).resolve().parent.parent.parent


def commands_of(page: str) -> str:
    """The shell blocks of a page, as one script."""
    return "\n".join(re.findall(r"^```sh\n(.*?)^```", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("page", ["docs/guides/control.md"])
async def test_every_command_of_the_guide_works(served: TestPlatform, page: str) -> None:
    script = commands_of(page).replace("http://127.0.0.1:8080", served.url)
    assert script.count("curl") > 10
    shell = await asyncio.create_subprocess_exec("sh", "-eu", "-c", script, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
    output, errors = await shell.communicate()
    assert (shell.returncode, errors) == (0, b""), output
    assert b'"balanced":true' in output


async def test_two_services_run_as_the_guide_has_them(postgres_server: PostgresServer, tmp_path: Path) -> None:
    page = "docs/guides/one-service.md"
    first, *roles = sql_of(page)
    assert first == "CREATE DATABASE farthing"
    output = await typed(f"{commands_of(page)}\nkill %1 %2\nwait", roles, postgres_server, tmp_path)
    assert b'"sub":"STRE7X2KQ4M9W"' in output


@pytest.mark.needs_node
async def test_the_processor_in_typescript_runs_as_its_page_has_it(
    postgres_server: PostgresServer, typescript_processor: Command, tmp_path: Path
) -> None:
    commands = commands_of("examples/processor-typescript/README.md").partition("node dist/main.js serve\n")[2].partition("docker build")[0]
    script = commands.replace("node path/to/examples/processor-typescript/dist/main.js", shlex.join(typescript_processor))
    roles = ["CREATE ROLE processor LOGIN PASSWORD 'processor'"]
    output = await typed(f"farthing dev-tokens tokens\n{script}\nkill %1\nwait", roles, postgres_server, tmp_path)
    assert b'"version":"0.1.0-ts"' in output


async def typed(script: str, roles: list[str], server: PostgresServer, folder: Path) -> bytes:
    """What the script prints, with the tests' own server, roles and ports in place of a page's."""
    database = server.create_database()
    connection = await asyncpg.connect(server.dsn(database))
    for statement in roles:
        await connection.execute(re.sub(r"ROLE (\w+)", r"ROLE guide_\1", statement))
    script = re.sub(r"postgresql://postgres:\w+@\S+", server.dsn(database), script)
    script = re.sub(r"postgresql://(\w+):\w+@\S+", lambda found: server.dsn(database, f"guide_{found[1]}"), script)
    named = sorted(set(re.findall(r"\b800\d\b", script)))
    ports = dict(zip(named, map(str, free_ports(len(named))), strict=True))
    script = re.sub(r"\b800\d\b", lambda found: ports[found[0]], script)
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    pipe = asyncio.subprocess.PIPE
    shell = await asyncio.create_subprocess_exec("bash", "-eu", "-c", script, cwd=folder, env=environment, stdout=pipe, stderr=pipe)
    output, errors = await shell.communicate()
    assert shell.returncode == 0, errors.decode()
    await connection.close()
    server.drop_database(database)
    return output


def sql_of(page: str) -> list[str]:
    """The statements of its SQL blocks."""
    blocks = re.findall(r"^```sql\n(.*?)^```", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL)
    return [statement.strip() for block in blocks for statement in block.split(";") if statement.strip()]
