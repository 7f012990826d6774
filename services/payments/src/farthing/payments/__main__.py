"""Run payments alone: `python -m farthing.payments`."""

from farthing.payments.service import MANIFEST, build
from farthing.standalone.main import run

run(MANIFEST, build)
