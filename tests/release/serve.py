"""Runs one service as `python -m farthing.<name>` does. When it ends, it leaves a list of the files that its code came from."""

from __future__ import annotations

import atexit
import runpy
import sys
from pathlib import Path


def note_origins(place: str) -> None:
    ours = [module for name, module in list(sys.modules.items()) if name.startswith("farthing.")]
    Path(place).write_text("\n".join(sorted(filter(None, (getattr(module, "__file__", None) for module in ours)))))


if __name__ == "__main__":
    service, list_of_files = sys.argv[1:3]
    del sys.argv[1:]
    atexit.register(note_origins, list_of_files)
    runpy.run_module(f"farthing.{service}", run_name="__main__", alter_sys=True)
