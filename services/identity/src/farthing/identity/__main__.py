"""Run identity alone: `python -m farthing.identity`."""

from farthing.kit.alone import run_alone
from farthing.identity.service import MANIFEST, build

run_alone(MANIFEST, build)
