"""Import services' manifests in a fresh process and watch what else happens: `python -B manifest_probe.py NAME...`.

Writes one JSON object: by service its manifest, or why there is none, and the side effects of importing it.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import os
import sys
import threading

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_EFFECTS = frozenset({"socket.connect", "socket.bind", "subprocess.Popen", "os.system", "os.putenv", "os.mkdir", "os.remove", "os.rename"})


def main(names: list[str]) -> None:
    seen: list[str] = []
    sys.addaudithook(lambda event, details: _watch(seen, event, details))
    answer = {}
    for name in names:
        seen.clear()
        threads = threading.active_count()
        found = _manifest(name)
        if threading.active_count() > threads:
            seen.append("started a thread")
        answer[name] = {**found, "effects": list(seen)}
    json.dump(answer, sys.stdout)


def _watch(seen: list[str], event: str, details: tuple[object, ...]) -> None:
    if event in _EFFECTS:
        seen.append(f"{event} {details[:2]}")
    elif event == "open" and isinstance(details[2], int) and details[2] & _WRITING:
        seen.append(f"opened {details[0]} for writing")


def _manifest(name: str) -> dict[str, object]:
    try:
        manifest = importlib.import_module(f"farthing.{name}.service").MANIFEST
        return {"manifest": dataclasses.asdict(manifest)}
    except Exception as error:  # noqa: BLE001 - whatever keeps it from being imported is the finding
        return {"problem": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    main(sys.argv[1:])
