"""The official SDKs' suites of the first checkout, unchanged, through the gateway."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.cluster.kube import Kube
from tests.cluster.load import URL
from tests.needs import ROOT

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]


def test_python_and_typescript(kube: Kube, operator: str) -> None:
    environment = {**os.environ, "FARTHING_TEST_URL": URL, "FARTHING_OPERATOR_TOKEN": operator, "CI": "1"}
    command = [sys.executable, "-m", "pytest", "tests/clients", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=800)
    assert done.returncode == 0, done.stdout[-4000:]
