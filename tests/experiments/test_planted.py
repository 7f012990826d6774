"""Faults at run time: the service is well until it is told, and then breaks in just this way."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from farthing.kit.errors import Unavailable
from tests.experiments import planted, robustness, security
from tests.needs import ROOT
from tests.platform import TestPlatform

SERVICE = """
import asyncio, sys, time
from types import SimpleNamespace


def build(host):
    return SimpleNamespace(start=None)
"""
RUN = """

async def main():
    await build(None).start()
    while True:
        print("beat", flush=True)
        await asyncio.sleep(0.1)

asyncio.run(main())
"""
STILL = 2.0  # seconds without a beat


class Process:
    """A service with the faults in it that beats while it is well."""

    def __init__(self, folder: Path) -> None:
        self._told, self._heard = folder / "planted", folder / "heard"
        code = planted.code(str(self._told), str(folder / "report"))
        with self._heard.open("ab") as heard:
            self.process = subprocess.Popen([sys.executable, "-c", SERVICE + code + RUN], stdout=heard)

    def beats(self) -> int:
        return self._heard.read_bytes().count(b"beat")

    def memory(self) -> int:
        """MiB."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * 4096 // 2**20

    def tell(self, fault: str) -> None:
        self._told.write_text(fault)


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    made = Process(tmp_path)
    until(lambda: made.beats() > 5)
    yield made
    made.process.kill()
    made.process.wait()


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.1)


def test_its_process_ends_and_again_at_each_start(process: Process, tmp_path: Path) -> None:
    assert process.process.poll() is None
    process.tell("crash loop")
    assert process.process.wait(60) == 1
    assert Process(tmp_path).process.wait(60) == 1


def test_it_keeps_ever_more_memory_and_goes_on(process: Process) -> None:
    before = process.memory()
    process.tell("memory leak")
    until(lambda: process.memory() > before + 20)
    beats = process.beats()
    until(lambda: process.beats() > beats)


def test_its_event_loop_hangs_and_it_stays(process: Process) -> None:
    process.tell("hung event loop")

    def still() -> bool:
        beats = process.beats()
        time.sleep(STILL)
        return process.beats() == beats

    until(still)
    assert process.process.poll() is None


async def started(platform: TestPlatform, folder: Path, fault: str) -> Any:
    """The host of webhooks, after its service was told to break."""
    host, names = platform.running["webhooks"].host, {"build": lambda _: SimpleNamespace(start=None)}
    exec(planted.code(str(folder / "planted"), str(folder / "report")), names)  # noqa: S102 - our own
    await names["build"](host).start()
    (folder / "planted").write_text(fault)
    return host


@pytest.mark.timeout(120)
async def test_its_pool_is_full_and_the_others_are_not(platform: TestPlatform, tmp_path: Path) -> None:
    host = await started(platform, tmp_path, "full pool")
    async with asyncio.timeout(30):
        while host.database.idle or host.database.used < 2:  # noqa: ASYNC110 - another thread fills it
            await asyncio.sleep(0.1)
    with pytest.raises(Unavailable):
        await host.database.row("SELECT 1 AS one")
    assert await platform.running["orders"].host.database.row("SELECT 1 AS one")


async def test_in_one_process_it_reaches_the_tables_of_all(platform: TestPlatform, tmp_path: Path) -> None:
    await started(platform, tmp_path, planted.REACH)
    report = tmp_path / "report"
    async with asyncio.timeout(30):
        while not report.exists():  # noqa: ASYNC110 - another thread writes it
            await asyncio.sleep(0.1)
    found = json.loads(report.read_text())
    assert {name: f"farthing_{name}" for name in platform.running}.items() <= found.items()


def test_it_can_be_planted_in_every_service_that_is_broken(tmp_path: Path) -> None:
    for service in {*robustness.SERVICES, security.SERVICE}:
        package = tmp_path / service
        package.mkdir()
        original = (ROOT / f"services/{service}/src/farthing/{service}/service.py").read_text()
        (package / "service.py").write_text(original)
        planted.plant(package)
        text = (package / "service.py").read_text()
        compile(text, service, "exec")
        assert text == original + planted.code()
        assert "def build(host: Host) -> Service:" in original
