"""Run merchants alone: `python -m farthing.merchants`."""

from farthing.kit.alone import run_alone
from farthing.merchants.service import MANIFEST, build

run_alone(MANIFEST, build)
