"""The examples do what the README says they do."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from farthing.kit.faults import Fault
from tests.platform import TestPlatform

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples"
PRINTED = re.compile(
    r"captured  [A-Z0-9]{17} 24\.90 USD COMPLETED\n"
    r"webhook   PAYMENT\.CAPTURE\.COMPLETED SUCCESS\n"
    r"refunded  [A-Z0-9]{17} 24\.90 USD COMPLETED\n"
)


PYTHON = (sys.executable, "first_checkout.py")
TYPESCRIPT = ("npm", "run", "--silent", "start")
NOBODY = "http://127.0.0.1:9"


async def end_of(url: str, folder: Path, *command: str, **environment: str) -> tuple[int | None, str, str]:
    """Exit code, standard output, standard error."""
    child = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env={**os.environ, "FARTHING_URL": url, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await child.communicate()
    return child.returncode, output.decode(), errors.decode()


async def run(url: str, folder: Path, *command: str) -> str:
    code, output, errors = await end_of(url, folder, *command)
    assert code == 0, errors[-2000:]
    return output


async def webhooks_of(platform: TestPlatform) -> list[object]:
    answer = await platform.http.get("/v1/notifications/webhooks", headers=await platform.as_app())
    found: list[object] = answer.json()["webhooks"]
    return found


async def check(platform: TestPlatform, folder: Path, *command: str) -> None:
    """It works, leaves no webhook behind whatever happens, and says what went wrong in a line of PayPal's words."""
    assert PRINTED.fullmatch(await run(platform.url, folder, *command))
    assert await webhooks_of(platform) == []
    platform.faults.plant(Fault("1", "orders.capture", "error", 422, "INSTRUMENT_DECLINED"))
    code, _, errors = await end_of(platform.url, folder, *command)
    assert (code, errors.count("\n")) == (1, 1), errors
    assert errors.startswith("UNPROCESSABLE_ENTITY: The requested action could not be performed")
    assert "INSTRUMENT_DECLINED" in errors
    assert await webhooks_of(platform) == []
    code, _, errors = await end_of(NOBODY, folder, *command)
    assert (code, errors) == (1, f"nobody answers at {NOBODY}: start Farthing with `make run`, or set FARTHING_URL to where it serves\n")
    code, _, errors = await end_of(platform.url, folder, *command, FARTHING_CLIENT_SECRET="wrong")
    assert (code, errors) == (1, "invalid_client: Client Authentication failed\n")


@pytest.mark.timeout(120)
async def test_the_first_checkout_in_python(served: TestPlatform) -> None:
    await check(served, EXAMPLES, *PYTHON)


@pytest.mark.needs_node
@pytest.mark.timeout(300)
async def test_the_first_checkout_in_typescript(served: TestPlatform) -> None:
    folder = EXAMPLES / "typescript"
    if not (folder / "node_modules" / ".package-lock.json").is_file():
        await run(served.url, folder, "npm", "ci", "--silent", "--no-audit", "--no-fund")
    await run(served.url, folder, "npm", "run", "--silent", "check")
    await check(served, folder, *TYPESCRIPT)
