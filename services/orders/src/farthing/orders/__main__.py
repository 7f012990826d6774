"""Run orders alone: `python -m farthing.orders`."""

from farthing.orders.service import MANIFEST, build
from farthing.standalone.main import run

run(MANIFEST, build)
