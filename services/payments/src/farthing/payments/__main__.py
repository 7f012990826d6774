"""Run payments alone: `python -m farthing.payments`."""

from farthing.kit.alone import run_alone
from farthing.payments.service import MANIFEST, build

run_alone(MANIFEST, build)
