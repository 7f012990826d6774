"""Run checkout alone: `python -m farthing.checkout`."""

from farthing.checkout.service import MANIFEST, build
from farthing.standalone.main import run

run(MANIFEST, build)
