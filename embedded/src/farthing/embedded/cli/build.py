"""Which build this is."""

from __future__ import annotations

import os
from importlib.metadata import version


def build() -> str:
    """An image's is in FARTHING_VERSION: it has no package's metadata."""
    return os.environ.get("FARTHING_VERSION") or version("farthing-embedded")
