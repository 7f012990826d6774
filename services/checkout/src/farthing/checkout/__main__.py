"""Run checkout alone: `python -m farthing.checkout`."""

from farthing.checkout.service import MANIFEST, build
from farthing.kit.alone import run_alone

run_alone(MANIFEST, build)
