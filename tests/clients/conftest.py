"""The platform as a process of its own, and between it and each SDK a proxy that keeps what went over the wire."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from paypalserversdk.exceptions.error_exception import ErrorException

from tests.clients.recorder import Recorder
from tests.clients.shop import OTHER, Shop
from tests.clients.table import SDKS, markdown
from tests.needs import ROOT
from tests.process import FarthingProcess

TABLE = ROOT / "build/clients.md"
_WRITTEN = pytest.StashKey[str]()


@pytest.fixture(scope="session")
def farthing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The platform's address."""
    process = FarthingProcess(tmp_path_factory.mktemp("farthing"), "--ephemeral")
    yield process.start()
    process.stop()


@pytest.fixture(scope="session")
def recorders(farthing: str, pytestconfig: pytest.Config) -> Iterator[dict[str, Recorder]]:
    """By SDK. When all is done, what they saw is written as the table operation x SDK x {success, error}."""
    with contextlib.ExitStack() as stack:
        opened = {sdk: stack.enter_context(contextlib.closing(Recorder(farthing))) for sdk in SDKS}
        yield opened
        table = markdown({sdk: recorder.exchanges for sdk, recorder in opened.items()})
        pytestconfig.stash[_WRITTEN] = table
        TABLE.parent.mkdir(exist_ok=True)
        TABLE.write_text(table, "utf-8")


@pytest.fixture(scope="session")
def control(farthing: str) -> Iterator[httpx2.Client]:
    """The sandbox's control API; it is no part of what the SDKs are compared in."""
    with httpx2.Client(base_url=farthing, timeout=60) as client:
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
        terminalreporter.write_sep("=", "operations of the official SDKs")
        terminalreporter.write(written)
