"""What the environment decides: where the user's cache lies, and what PostgreSQL's programs inherit."""

from __future__ import annotations

import os
from pathlib import Path

# Variables of these names would change behind our back what initdb and postgres do.
_FOREIGN = ("PG", "LC_", "LANG")


def user_cache() -> Path | None:
    """The folder for what can be made again: `$XDG_CACHE_HOME/farthing`, else `~/.cache/farthing`, if this user has a home."""
    configured = os.environ.get("XDG_CACHE_HOME", "")
    try:
        parent = Path(configured) if configured.startswith("/") else Path.home() / ".cache"
    except RuntimeError:
        return None
    return parent / "farthing"


def postgres_environment() -> dict[str, str]:
    """The environment for PostgreSQL's programs: ours without anything that configures PostgreSQL or its locale."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    return kept | {"LC_ALL": "C"}
