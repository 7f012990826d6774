"""The command line: `farthing`."""

from __future__ import annotations

from farthing.embedded.cli.app import main

__all__ = ["main"]
