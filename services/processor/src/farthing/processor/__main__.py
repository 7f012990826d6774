"""Run processor alone: `python -m farthing.processor`."""

from farthing.kit.alone import run_alone
from farthing.processor.service import MANIFEST, build

run_alone(MANIFEST, build)
