"""What the environment decides: where caches lie, and what a child process inherits."""

from __future__ import annotations

import os
from pathlib import Path

# A variable of these names would change what initdb and postgres do behind our back.
_FOREIGN = ("PG", "LC_", "LANG")


def user_cache() -> Path:
    """The folder for what can be made again: `$XDG_CACHE_HOME/farthing`, else `~/.cache/farthing`."""
    configured = os.environ.get("XDG_CACHE_HOME", "")
    parent = Path(configured) if Path(configured).is_absolute() else Path.home() / ".cache"
    return parent / "farthing"


def postgres_environment() -> dict[str, str]:
    """The environment for PostgreSQL's programs: ours without anything that configures PostgreSQL or its locale."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    return kept | {"LC_ALL": "C"}
