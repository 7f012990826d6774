"""Run accounts alone: `python -m farthing.accounts`."""

from farthing.accounts.service import MANIFEST, build
from farthing.standalone.main import run

run(MANIFEST, build)
