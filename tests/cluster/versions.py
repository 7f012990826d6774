"""Other versions of a service, made as a developer makes them: something in a copied tree is changed, and tools/images.py builds it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from tests.cluster.kube import CLUSTER, EMBEDDED, run
from tests.needs import ROOT

Change = Callable[[Path], None]  # takes the folder of the service's package in the copied tree

_WHAT_RUNS = ("Dockerfile", "LICENSE", "NOTICE", "pyproject.toml", "requirements.txt")
_BUILDING = 600.0  # seconds

_CRASHES = """\
import sys
if __name__ == "__main__" and "migrate" not in sys.argv:
    sys.exit("broken on purpose: it crashes at the start")
"""
_NEVER_READY = """\
import sys
import time
if __name__ == "__main__" and "migrate" not in sys.argv:
    time.sleep(86_400)  # broken on purpose: it listens nowhere
"""
_ANSWERS_500 = """\
import http.server
import os
import sys
import threading


class Broken(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_error(500, "broken on purpose")

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET


def serve(port):
    http.server.ThreadingHTTPServer(("", port), Broken).serve_forever()


if __name__ == "__main__" and "migrate" not in sys.argv:
    threading.Thread(target=serve, args=(int(os.environ.get("PUBLIC_PORT", "8001")),)).start()
    serve(int(os.environ.get("PORT", "8000")))
"""


def one_line(word: str) -> Change:
    """A version that differs by a comment. `word` makes it different from others of this kind."""

    def change(package: Path) -> None:
        with (package / "__init__.py").open("a") as file:
            file.write(f"\n# {word}\n")

    return change


def schema(package: Path) -> None:
    """A version that brings a further column, in the expanding way: the old one does not notice."""
    (package / "migrations" / "0999_experiment.sql").write_text("ALTER TABLE captures ADD COLUMN IF NOT EXISTS experiment text;\n")


def _first(code: str) -> Change:
    def change(package: Path) -> None:
        main = package / "__main__.py"
        main.write_text(code + main.read_text().replace("from __future__ import annotations\n", ""))

    return change


BROKEN = {"crashes": _first(_CRASHES), "never ready": _first(_NEVER_READY), "answers 500": _first(_ANSWERS_500)}


def value_of(image: str) -> str:
    """How the chart is told which version of a service, or of everything in one, to run."""
    name, _, tag = image.partition(":")
    component = name.rpartition("/")[2]
    return f"{component if component == EMBEDDED else f'services.{component}'}.image.tag={tag}"


def build(service: str, change: Change, folder: Path, *, embedded: bool = False) -> str:
    """Build the changed service (or the image of everything, with the change in it) and bring it into the nodes.

    Answers the image with its tag. Raises CommandFailed.
    """
    image = make(service, change, folder, embedded=embedded)
    bring(image)
    return image


def make(service: str, change: Change, folder: Path, *, embedded: bool = False) -> str:
    """Raises CommandFailed."""
    copy_tree(folder)
    change(folder / "services" / service / "src" / "farthing" / service)
    wanted = EMBEDDED if embedded else service
    return run(sys.executable, str(folder / "tools" / "images.py"), "build", wanted, timeout=_BUILDING).split()[0]


def bring(image: str) -> None:
    """Into the nodes. Raises CommandFailed."""
    run("kind", "load", "docker-image", "--name", CLUSTER, image, timeout=_BUILDING)


def copy_tree(folder: Path) -> None:
    """What images are made from."""
    unwanted = shutil.ignore_patterns("__pycache__", "*.egg-info", "tests", "node_modules")
    for name in ("libs", "services", "embedded", "tools"):
        shutil.copytree(ROOT / name, folder / name, ignore=unwanted)
    for name in _WHAT_RUNS:
        shutil.copy2(ROOT / name, folder / name)
