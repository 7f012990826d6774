"""Run console alone: `python -m farthing.console`."""

from farthing.console.service import MANIFEST, build
from farthing.kit.alone import run_alone

run_alone(MANIFEST, build)
