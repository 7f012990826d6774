from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from farthing.embedded.services import MANIFESTS
from farthing.kit.manifest import Manifest


def _program(name: str) -> Path:
    """With `CI` set a missing program fails the test, as in tests/needs.py."""
    found = shutil.which(name)
    if found is None:
        what = f"{name} (`make doctor` says how to get it)"
        if os.environ.get("CI"):
            pytest.fail(f"CI must run this, and it needs {what}", pytrace=False)
        pytest.skip(f"not run here: needs {what}")
    return Path(found)


@pytest.fixture(scope="session")
def helm() -> Path:
    return _program("helm")


@pytest.fixture(scope="session")
def kubeconform() -> Path:
    return _program("kubeconform")


@pytest.fixture(scope="session")
def manifests() -> dict[str, Manifest]:
    return {manifest.name: manifest for manifest in MANIFESTS}
