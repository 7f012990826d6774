"""What more than one architecture test looks at."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from farthing.kit.manifest import Manifest
from tests.architecture.tree import ROOT, services


@pytest.fixture(scope="session")
def probed() -> dict[str, dict[str, Any]]:
    """What importing each service's MANIFEST in a fresh process, without any environment, gave and did."""
    command = [sys.executable, "-B", "-W", "error", str(ROOT / "tests/architecture/manifest_probe.py"), *services()]
    answer = subprocess.run(command, capture_output=True, check=True, env={}, cwd=ROOT)
    probed: dict[str, dict[str, Any]] = json.loads(answer.stdout)
    return probed


@pytest.fixture(scope="session")
def manifests(probed: dict[str, dict[str, Any]]) -> dict[str, Manifest]:
    """By folder; services whose manifest cannot be imported are reported by their own test."""
    return {name: _manifest(found["manifest"]) for name, found in probed.items() if "manifest" in found}


def _manifest(fields: dict[str, Any]) -> Manifest:
    lists = {name: tuple(value) for name, value in fields.items() if isinstance(value, list)}
    return Manifest(**{**fields, **lists, "consumes": tuple((emitter, kind) for emitter, kind in fields["consumes"])})
