"""Run accounts alone: `python -m farthing.accounts`."""

from farthing.kit.alone import run_alone
from farthing.accounts.service import MANIFEST, build

run_alone(MANIFEST, build)
