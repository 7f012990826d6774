"""Run console alone: `python -m farthing.console`."""

from farthing.kit.alone import run_alone
from farthing.console.service import MANIFEST, build

run_alone(MANIFEST, build)
