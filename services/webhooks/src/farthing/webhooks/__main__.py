"""Run webhooks alone: `python -m farthing.webhooks`."""

from farthing.kit.alone import run_alone
from farthing.webhooks.service import MANIFEST, build

run_alone(MANIFEST, build)
