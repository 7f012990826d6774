"""The examples do what the README says they do."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from tests.platform import TestPlatform

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples"
PRINTED = re.compile(
    r"captured  [A-Z0-9]{17} 24\.90 USD COMPLETED\n"
    r"webhook   PAYMENT\.CAPTURE\.COMPLETED SUCCESS\n"
    r"refunded  [A-Z0-9]{17} 24\.90 USD COMPLETED\n"
)


async def run(url: str, folder: Path, *command: str) -> str:
    environment = {**os.environ, "FARTHING_URL": url}
    child = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, errors = await child.communicate()
    assert child.returncode == 0, errors.decode()[-2000:]
    return output.decode()


async def test_the_first_checkout_in_python(served: TestPlatform) -> None:
    assert PRINTED.fullmatch(await run(served.url, EXAMPLES, sys.executable, "first_checkout.py"))


@pytest.mark.needs_node
@pytest.mark.timeout(300)
async def test_the_first_checkout_in_typescript(served: TestPlatform) -> None:
    folder = EXAMPLES / "typescript"
    if not (folder / "node_modules" / ".package-lock.json").is_file():
        await run(served.url, folder, "npm", "ci", "--silent", "--no-audit", "--no-fund")
    await run(served.url, folder, "npm", "run", "--silent", "check")
    assert PRINTED.fullmatch(await run(served.url, folder, "npm", "run", "--silent", "start"))
