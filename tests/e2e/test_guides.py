"""What the documentation tells people to type is typed here."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from tests.platform import TestPlatform

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
