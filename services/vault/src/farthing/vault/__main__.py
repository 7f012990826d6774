"""Run vault alone: `python -m farthing.vault`."""

from farthing.kit.alone import run_alone
from farthing.vault.service import MANIFEST, build

run_alone(MANIFEST, build)
