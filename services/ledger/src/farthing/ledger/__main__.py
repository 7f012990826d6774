"""Run ledger alone: `python -m farthing.ledger`."""

from farthing.ledger.service import MANIFEST, build
from farthing.standalone.main import run

run(MANIFEST, build)
