"""Run webhooks alone: `python -m farthing.webhooks`."""

from farthing.standalone.main import run
from farthing.webhooks.service import MANIFEST, build

run(MANIFEST, build)
