"""Run orders alone: `python -m farthing.orders`."""

from farthing.kit.alone import run_alone
from farthing.orders.service import MANIFEST, build

run_alone(MANIFEST, build)
