"""A platform of its own or somebody else's, and before it for each SDK a proxy that keeps what went over the wire."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from paypalserversdk.exceptions.error_exception import ErrorException

from tests.clients.recorder import Recorder
from tests.clients.shop import OTHER, Shop
from tests.clients.table import SDKS, markdown
from tests.clients.target import Target, add_options, open_target, url_of
from tests.needs import ROOT

TABLE = ROOT / "build/clients.md"
TABLE_ELSEWHERE = ROOT / "build/clients-elsewhere.md"
TIMEOUT_ELSEWHERE = 600  # seconds per test
_WRITTEN = pytest.StashKey[str]()


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Against somebody else's platform the test of that very option, with a platform of its own, shows nothing."""
    return True if collection_path.name == "test_target.py" and url_of(config) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Somebody else's platform may have a lot to do first."""
    if url_of(config):
        for item in items:
            item.add_marker(pytest.mark.timeout(TIMEOUT_ELSEWHERE))


@pytest.fixture(scope="session")
def target(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """The platform that all of this runs against."""
    yield from open_target(pytestconfig, tmp_path_factory.mktemp("farthing"))


@pytest.fixture(scope="session")
def farthing(target: Target) -> str:
    """The platform's address."""
    return target.url


@pytest.fixture(scope="session")
def recorders(target: Target, pytestconfig: pytest.Config) -> Iterator[dict[str, Recorder]]:
    """By SDK. When all is done, what they saw is written as the table operation x SDK x {success, error}."""
    with contextlib.ExitStack() as stack:
        opened = {sdk: stack.enter_context(contextlib.closing(Recorder(target.url))) for sdk in SDKS}
        yield opened
        table = markdown({sdk: recorder.exchanges for sdk, recorder in opened.items()})
        pytestconfig.stash[_WRITTEN] = table
        file = TABLE if target.own else TABLE_ELSEWHERE
        file.parent.mkdir(exist_ok=True)
        file.write_text(table, "utf-8")


@pytest.fixture(scope="session")
def control(target: Target) -> Iterator[httpx2.Client]:
    """The sandbox's control API; it is no part of what the SDKs are compared in."""
    with target.control() as client:
        yield client


@pytest.fixture(scope="session")
def shop(recorders: dict[str, Recorder], control: httpx2.Client) -> Shop:
    return Shop(recorders["Python"].url, control)


@pytest.fixture(scope="session")
def other_shop(recorders: dict[str, Recorder], control: httpx2.Client) -> Shop:
    """Another merchant."""
    return Shop(recorders["Python"].url, control, OTHER)


@pytest.fixture
def refused() -> Callable[..., ErrorException]:
    """Call an SDK's method that must raise the documented error with this status, name and issue."""

    def expect(status: int, name: str, issue: str, method: Callable[[dict[str, Any]], object], options: dict[str, Any]) -> ErrorException:
        with pytest.raises(ErrorException) as caught:
            method(options)
        error = caught.value
        assert (error.response_code, error.name, [detail.issue for detail in error.details]) == (status, name, [issue])
        assert error.debug_id == error.response.headers["paypal-debug-id"]
        return error

    return expect


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    written = config.stash.get(_WRITTEN, None)
    if written:
        where = url_of(config)
        terminalreporter.write_sep("=", f"operations of the official SDKs{f' at {where}' if where else ''}")
        terminalreporter.write(written)
