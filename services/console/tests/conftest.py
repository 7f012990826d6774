from __future__ import annotations

import pytest

from farthing.kit.settings import Settings
from tests.single import Single, StartSingle

HERE = "http://farthing.test"  # the name under which the tests' clients call


@pytest.fixture
async def console(single: StartSingle) -> Single:
    """The console and nobody else."""
    return await single("console", settings=Settings(public_url=HERE))
