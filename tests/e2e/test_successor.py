"""A second process on the same data: refused, unless it was told to wait for the first to end, as Kubernetes' next pod is."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.test_command_line import farthing, one_line
from tests.process import FarthingProcess

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def first(tmp_path: Path) -> Iterator[FarthingProcess]:
    made = FarthingProcess(tmp_path / "data")
    made.start()
    yield made
    if made.running:
        made.stop()


async def test_it_is_refused_at_once_and_disturbs_nobody(first: FarthingProcess, tmp_path: Path) -> None:
    code, _, errors = await farthing("up", "--port", "0", "--data-dir", str(tmp_path / "data"))
    assert (code, "Another process serves" in one_line(errors)) == (3, True)
    assert (await farthing("audit", url=first.url))[0] == 0


async def test_it_is_refused_when_its_time_is_over(first: FarthingProcess, tmp_path: Path) -> None:
    code, _, errors = await farthing("up", "--port", "0", "--data-dir", str(tmp_path / "data"), "--wait", "0.5")
    assert (code, first.running) == (3, True)
    waiting, refused = errors.splitlines()
    assert "Waiting for it, 0.5 s at most." in waiting
    assert "Another process serves" in refused


async def test_it_can_be_ended_while_it_waits(first: FarthingProcess, tmp_path: Path) -> None:
    second, errors = FarthingProcess(tmp_path / "data", "--wait", "60", errors=tmp_path / "errors"), tmp_path / "errors"
    starting = asyncio.create_task(asyncio.to_thread(second.start))
    while not errors.exists() or "Waiting for it" not in errors.read_text():
        assert not starting.done()
        await asyncio.sleep(0.05)
    os.kill(second.pid, signal.SIGTERM)
    with pytest.raises(RuntimeError, match="ended with 143"):
        await starting
    assert first.running


async def test_it_serves_the_same_data_when_the_first_has_ended(first: FarthingProcess, tmp_path: Path) -> None:
    assert (await farthing("fund", "poor@example.com", "12.50", "EUR", url=first.url))[0] == 0
    second, errors = FarthingProcess(tmp_path / "data", "--wait", "60", errors=tmp_path / "errors"), tmp_path / "errors"
    starting = asyncio.create_task(asyncio.to_thread(second.start))
    try:
        while not errors.exists() or "Waiting for it" not in errors.read_text():
            assert not starting.done()
            await asyncio.sleep(0.05)
        await asyncio.to_thread(first.stop)
    finally:
        await starting
    code, balances, _ = await farthing("fund", "poor@example.com", "0.50", "EUR", url=second.url)
    second.stop()
    assert (code, "13.00 EUR" in balances.splitlines()) == (0, True), balances
