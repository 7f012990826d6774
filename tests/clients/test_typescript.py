"""The same by the TypeScript SDK: `typescript/suite.js`, run by Node.js.

The SDK checks each answer against its own models and throws when one does not fit, which fails the test there.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.clients.recorder import Recorder
from tests.clients.table import OPERATIONS
from tests.clients.target import Target

FOLDER = Path(__file__).parent / "typescript"
_TIMEOUT = 280  # seconds; npm may have to fetch, and the platform may be far and busy

pytestmark = [pytest.mark.needs_node, pytest.mark.timeout(_TIMEOUT + 20)]


@pytest.fixture(scope="module")
def installed(node: Path) -> Path:
    """The folder with what its lock names; installed anew when the lock is younger."""
    lock, mark = FOLDER / "package-lock.json", FOLDER / "node_modules/.package-lock.json"
    if not mark.exists() or mark.stat().st_mtime < lock.stat().st_mtime:
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=FOLDER, check=True, timeout=_TIMEOUT)
    return FOLDER


def test_the_suite(installed: Path, node: Path, recorders: dict[str, Recorder], target: Target) -> None:
    environment = {
        **os.environ,
        "FARTHING_URL": recorders["TypeScript"].url,
        "FARTHING_CONTROL": target.url,
        "FARTHING_OPERATOR_TOKEN": target.token,
        "FARTHING_OPERATIONS": json.dumps([operation.typescript for operation in OPERATIONS]),
    }
    command = [str(node), "--test-reporter=tap", "suite.js"]
    done = subprocess.run(command, cwd=installed, env=environment, capture_output=True, text=True, timeout=_TIMEOUT, check=False)
    counts = dict(re.findall(r"^# (pass|fail|cancelled|skipped|todo) (\d+)$", done.stdout, re.MULTILINE))
    failed = [test for test in re.split(r"\n(?= *# Subtest)", done.stdout) if "not ok" in test]
    assert done.returncode == 0, "\n".join(failed) + done.stderr
    assert {name: int(count) for name, count in counts.items()} == {"pass": 56, "fail": 0, "cancelled": 0, "skipped": 0, "todo": 0}
