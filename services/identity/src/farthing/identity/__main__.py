"""Run identity alone: `python -m farthing.identity`."""

from farthing.identity.service import MANIFEST, build
from farthing.kit.alone import run_alone

run_alone(MANIFEST, build)
