"""A platform that somebody else runs: some of the suites in a pytest of its own, against a process that demands the operator's token."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import httpx2
import pytest

from tests.clients.target import Target, Unusable
from tests.needs import ROOT
from tests.process import FarthingProcess

TOKEN = "an-operators-token"
# What depends on earlier runs more than the rest: the clock is moved, a fault is planted, somebody has no money.
SELECTION = (
    "test_orders.py::TestCapture::test_a_buyer_without_money",
    "test_orders.py::TestGet::test_with_a_token_that_expired",
    "test_payments.py::TestReauthorize",
)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    process = FarthingProcess(tmp_path_factory.mktemp("elsewhere"), "--ephemeral", environment={"FARTHING_OPERATOR_TOKEN": TOKEN})
    yield process.start()
    process.stop()


@pytest.fixture
def operator(url: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=url, headers={"authorization": f"Bearer {TOKEN}"}, timeout=30) as client:
        yield client


def run(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    cleaned = {name: value for name, value in os.environ.items() if name not in {"FARTHING_TEST_URL", "FARTHING_OPERATOR_TOKEN"}}
    command = [sys.executable, "-m", "pytest", *(f"tests/clients/{test}" for test in SELECTION), "-p", "no:cacheprovider", *options]
    return subprocess.run(command, cwd=ROOT, env={**cleaned, **environment}, capture_output=True, text=True, check=False)


def test_passes_twice_in_a_row(url: str, operator: httpx2.Client) -> None:
    """Though the second finds a clock that stands still, and a fault that never struck."""
    first = run("--url", f"{url}/", "--operator-token", TOKEN)
    operator.post("/_farthing/clock/freeze").raise_for_status()
    stale = {"operation": "orders.get", "kind": "expire", "match": {"order": "5O190127TN364715T"}, "times": 1}
    operator.post("/_farthing/faults", json=stale).raise_for_status()
    second = run(FARTHING_TEST_URL=url, FARTHING_OPERATOR_TOKEN=TOKEN)

    for completed in (first, second):
        assert completed.returncode == 0, completed.stdout
        assert "4 passed" in completed.stdout
        assert f"operations of the official SDKs at {url} =" in completed.stdout
    # They ran there: each leaves an authorization that was renewed and one that was too young for it.
    assert operator.get("/_farthing/ledger/audit").json()["open_authorizations"] == 4


def test_ends_with_one_line_before_the_first_test() -> None:
    completed = run("--url", "http://127.0.0.1:1")

    assert completed.returncode == 4
    lines = re.findall(r"^!+ _pytest\.outcomes\.Exit: (.*?) !+$", completed.stdout, re.MULTILINE)
    assert lines == ["no platform answers at http://127.0.0.1:1 (ConnectError)"]


@pytest.mark.parametrize("token", ["", "another"])
def test_a_wrong_token_is_told(url: str, token: str) -> None:
    with pytest.raises(Unusable, match="the control API wants the operator's token: --operator-token or FARTHING_OPERATOR_TOKEN"):
        Target(url, token, own=False).prepare()


@pytest.mark.parametrize("address", ["127.0.0.1:8080", "https://127.0.0.1:8080", "http://127.0.0.1:8080/base"])
def test_an_address_that_is_none_is_told(address: str) -> None:
    with pytest.raises(Unusable, match=f"--url wants http://host:port of the public side, not {re.escape(address)}$"):
        Target(address, TOKEN, own=False).prepare()


def test_a_clock_beyond_the_test_cards_is_told(url: str, operator: httpx2.Client) -> None:
    """The last test of this platform: nothing turns its clock back."""
    for moment in ("2031-01-01T00:00:00Z", "2035-12-01T00:00:00Z"):  # one call goes five years at most
        operator.post("/_farthing/clock/advance", json={"to": moment}).raise_for_status()
    with pytest.raises(Unusable, match="the platform's clock stands at 2035-12-01T00:00:0"):
        Target(url, TOKEN, own=False).prepare()
