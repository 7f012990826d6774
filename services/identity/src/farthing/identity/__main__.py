"""Run identity alone: `python -m farthing.identity`."""

from farthing.identity.service import MANIFEST, build
from farthing.standalone.main import run

run(MANIFEST, build)
