"""Brings a database to one release's state with that release's own code, and prints its manifests as JSON."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sys

from farthing.embedded.database import prepare
from farthing.embedded.services import MANIFESTS

if __name__ == "__main__":
    asyncio.run(prepare(sys.argv[1], seed=True))
    sys.stdout.write(json.dumps({manifest.name: dataclasses.asdict(manifest) for manifest in MANIFESTS}))
