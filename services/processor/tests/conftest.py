"""Processor as its callers see it, three times: in this process, as a process in Python, as one in TypeScript.

Whatever takes the fixture `contract` runs against each; whatever takes `command` starts processes itself. The two processes serve the same
database at the same time, as they would while one takes the other's place, so a test uses keys of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from farthing.kit.auth import SigningKey
from farthing.kit.rpc import Link
from farthing.kit.settings import Settings
from farthing.standalone.http_transport import Connections, HttpTransport
from tests.broker import NatsServer
from tests.postgres import PostgresServer
from tests.processor_contract import CallerTokens, Contract, InThisProcess, Operator, OverHttp, Reach
from tests.processors import BUILDING, PYTHON, Command, Ground, ProcessorProcess, migrated
from tests.single import StartSingle

ROLE = "contract_processor"
IN_PYTHON = pytest.param("python", marks=pytest.mark.needs_nats)
IN_TYPESCRIPT = pytest.param("typescript", marks=[pytest.mark.needs_nats, pytest.mark.needs_node, pytest.mark.timeout(BUILDING + 120)])


@pytest.fixture(scope="module")
def database(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL, for the role that serves, of a database whose tables the Python service has made."""
    name = postgres_server.create_database()
    owner = postgres_server.dsn(name)
    with ThreadPoolExecutor(1) as thread:  # whoever asks for this first may have a running event loop
        thread.submit(asyncio.run, _have_role(owner)).result()
    migrated(owner, postgres_server.dsn(name, ROLE))
    yield postgres_server.dsn(name, ROLE)
    postgres_server.drop_database(name)


async def _have_role(owner: str) -> None:
    connection = await asyncpg.connect(owner)
    if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", ROLE):
        await connection.execute(f"CREATE ROLE {ROLE} LOGIN")
    await connection.close()


@pytest.fixture(scope="module")
def broker(nats_program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    server = NatsServer(nats_program, tmp_path_factory.mktemp("broker"))
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def ground(database: str, broker: NatsServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    made = Ground(database, tmp_path_factory.mktemp("ground"), SigningKey("callers", Ed25519PrivateKey.generate()), broker.url)
    yield made
    made.close()


@pytest.fixture(scope="module")
def started() -> dict[Command, ProcessorProcess]:
    """The processes that serve all tests of a module."""
    return {}


@pytest.fixture(scope="module")
def command_of(request: pytest.FixtureRequest) -> Callable[[str], Command]:
    """How an implementation is started. The one in TypeScript is built when it is first asked for."""

    def find(name: str) -> Command:
        found: Command = PYTHON if name == "python" else request.getfixturevalue("typescript_processor")
        return found

    return find


@pytest.fixture(params=[IN_PYTHON, IN_TYPESCRIPT])
def command(request: pytest.FixtureRequest, command_of: Callable[[str], Command]) -> Command:
    return command_of(request.param)


@pytest.fixture
def served(command: Command, ground: Ground, started: dict[Command, ProcessorProcess]) -> ProcessorProcess:
    """A ready process of an implementation that tests share."""
    return shared(ground, started, command)


def shared(ground: Ground, started: dict[Command, ProcessorProcess], command: Command) -> ProcessorProcess:
    if command not in started:
        started[command] = ground.serve(command)
    return started[command]


@pytest.fixture
async def reach(request: pytest.FixtureRequest, single: StartSingle, command_of: Callable[[str], Command]) -> AsyncIterator[Reach]:
    async with AsyncExitStack() as stack:
        operators: list[Operator] = []

        async def open_one(name: str, *, live: bool = False) -> Contract:
            if name == "in this process":
                return InThisProcess(await single("processor", settings=Settings(mode="live" if live else "sandbox")))
            ground, database = request.getfixturevalue("ground"), request.getfixturevalue("database")
            if not operators:
                operators.append(Operator(ground.broker, (await single("processor")).host))
                stack.push_async_callback(operators[0].close)
            command, started = command_of(name), request.getfixturevalue("started")
            process = ground.serve(command, FARTHING_MODE="live") if live else shared(ground, started, command)
            connections = await stack.enter_async_context(contextlib.aclosing(Connections()))
            headers = {"authorization": f"Bearer {ground.token()}"}
            http = await stack.enter_async_context(httpx2.AsyncClient(base_url=process.url, headers=headers, timeout=20))
            link = Link("payments", "processor", HttpTransport(connections, process.url), CallerTokens(ground))
            return OverHttp(link, http, operators[0], database)

        yield open_one


@pytest.fixture(params=["in this process", IN_PYTHON, IN_TYPESCRIPT])
def implementation(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def contract(implementation: str, reach: Reach) -> Contract:
    return await reach(implementation)


@pytest.fixture(scope="session")
def _numbers() -> Iterator[int]:
    return itertools.count(1)


@pytest.fixture
def key(_numbers: Iterator[int]) -> str:
    """The beginning of keys that no other test uses."""
    return f"k{next(_numbers)}"
