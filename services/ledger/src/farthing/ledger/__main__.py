"""Run ledger alone: `python -m farthing.ledger`."""

from farthing.kit.alone import run_alone
from farthing.ledger.service import MANIFEST, build

run_alone(MANIFEST, build)
