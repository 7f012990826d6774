"""Run vault alone: `python -m farthing.vault`."""

from farthing.standalone.main import run
from farthing.vault.service import MANIFEST, build

run(MANIFEST, build)
