"""Run merchants alone: `python -m farthing.merchants`."""

from farthing.merchants.service import MANIFEST, build
from farthing.standalone.main import run

run(MANIFEST, build)
