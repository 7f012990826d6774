"""examples/load: what its buyers and stores ask for is right, and what goes wrong is counted as a failure."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from farthing.kit.faults import Fault
from tests.needs import ROOT
from tests.platform import TestPlatform

pytestmark = pytest.mark.needs_locust
LOCUSTFILE = ROOT / "examples/load/locustfile.py"
# Each task once, in place of chance and the clock.
ONCE = f"""
import sys

sys.path.insert(0, {str(LOCUSTFILE.parent)!r})
from locust import constant
from locustfile import Store

each = list(dict.fromkeys(Store.tasks))


def everything(user):
    for task in each:
        task(user)
    user.environment.runner.quit()


Store.wait_time, Store.tasks = constant(0), [everything]
"""
Counts = dict[str, tuple[int, int]]


async def run(locust: Path, file: Path, url: str, *words: str) -> tuple[int | None, Counts]:
    """Exit code, and by name how many requests and failures there were."""
    arguments: list[str | Path] = ["-f", file, "--headless", "--users", "1", "--json", "--host", url, "--exit-code-on-error", "1", *words]
    child = await asyncio.create_subprocess_exec(locust, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
    output, errors = await child.communicate()
    assert output, errors.decode()
    return child.returncode, {one["name"]: (one["num_requests"], one["num_failures"]) for one in json.loads(output)}


async def test_every_task_s_requests_are_answered_as_they_should_be(served: TestPlatform, locust: Path, tmp_path: Path) -> None:
    (tmp_path / "once.py").write_text(ONCE)
    code, counts = await run(locust, tmp_path / "once.py", served.url, "--run-time", "60s")
    once = dict.fromkeys(("/v1/oauth2/token", "create", "approve", "capture", "get", "refund"), (1, 0))
    assert (code, counts) == (0, once | {"card": (2, 0)})
    served.faults.plant(Fault("1", "orders.capture", "error", 422, "INSTRUMENT_DECLINED"))
    code, counts = await run(locust, tmp_path / "once.py", served.url, "--run-time", "60s")
    assert (code, counts["capture"], "get" in counts) == (1, (1, 1), False)
    audit = (await served.http.get("/_farthing/ledger/audit")).json()
    assert audit["balanced"] is True


async def test_the_file_itself_runs(served: TestPlatform, locust: Path) -> None:
    code, counts = await run(locust, LOCUSTFILE, served.url, "--run-time", "3s")
    assert (code, counts["/v1/oauth2/token"], sum(failed for _, failed in counts.values())) == (0, (1, 0), 0)
