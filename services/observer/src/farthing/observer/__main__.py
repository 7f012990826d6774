"""Run observer alone: `python -m farthing.observer`."""

from farthing.observer.service import MANIFEST, build
from farthing.standalone.main import run

run(MANIFEST, build, self_contained=True)
