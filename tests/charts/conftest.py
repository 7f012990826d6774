from __future__ import annotations

import pytest

from farthing.embedded.services import MANIFESTS
from farthing.kit.manifest import Manifest


@pytest.fixture(scope="session")
def manifests() -> dict[str, Manifest]:
    return {manifest.name: manifest for manifest in MANIFESTS}
