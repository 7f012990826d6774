"""Run accounts alone: `python -m farthing.accounts`."""

from farthing.accounts.service import MANIFEST, build
from farthing.kit.alone import run_alone

run_alone(MANIFEST, build)
