"""Run a program again whenever a Python file changes below a folder: python reload.py FOLDER PROGRAM ARGUMENT..."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

PAUSE = 0.5  # seconds between two looks


def state(folder: Path) -> dict[Path, float]:
    return {path: path.stat().st_mtime for path in folder.rglob("*") if path.suffix in {".py", ".sql", ".json", ".html", ".js"}}


def end(program: subprocess.Popen[bytes]) -> None:
    program.terminate()
    program.wait()


def main(folder: Path, command: list[str]) -> None:
    program = subprocess.Popen(command)
    seen = state(folder)

    def stop(_number: int, _frame: object) -> None:
        end(program)
        sys.exit(program.returncode)

    signal.signal(signal.SIGTERM, stop)
    while True:
        time.sleep(PAUSE)
        now = state(folder)
        if now != seen:
            seen = now
            print("reload: the code has changed", flush=True)
            end(program)
            program = subprocess.Popen(command)
        elif program.poll() is not None:
            print(f"reload: ended with {program.returncode}; waiting for a change", flush=True)
            while state(folder) == seen:
                time.sleep(PAUSE)


main(Path(sys.argv[1]), sys.argv[2:])
