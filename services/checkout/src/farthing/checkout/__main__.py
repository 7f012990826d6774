"""Run checkout alone: `python -m farthing.checkout`."""

from farthing.kit.alone import run_alone
from farthing.checkout.service import MANIFEST, build

run_alone(MANIFEST, build)
