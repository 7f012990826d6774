"""Run processor alone: `python -m farthing.processor`."""

from farthing.processor.service import MANIFEST, build
from farthing.standalone.main import run

run(MANIFEST, build)
