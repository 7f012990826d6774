"""Make the skeleton of a service: `make new-service NAME=x`.

Every service has the same anatomy (docs/architecture.md); this writes the parts that are the same everywhere:
two distributions (the service and the client that others use), the package, the folders for migrations and tests.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

SERVICE_PYPROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "farthing-{name}"
version = "0.1.0"
description = "{task}"
requires-python = ">=3.11"
license = "Apache-2.0"
dependencies = ["farthing-kit", "farthing-money", "farthing-standalone", "farthing-{name}-client"]

[tool.hatch.build.targets.wheel]
packages = ["src/farthing"]
"""

CLIENT_PYPROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "farthing-{name}-client"
version = "0.1.0"
description = "What others need to talk to {name}: models, errors, events and a typed client."
requires-python = ">=3.11"
license = "Apache-2.0"
dependencies = ["farthing-kit", "farthing-money"]

[tool.hatch.build.targets.wheel]
packages = ["src/farthing"]
"""

MAIN = """\
\"\"\"Run {name} alone: `python -m farthing.{name}`.\"\"\"

from farthing.standalone.main import run
from farthing.{name}.service import MANIFEST, build

run(MANIFEST, build)
"""

README = "# {name}\n\n{task}\n\n## Owns\n\n## Invariants\n\n## API\n\n## Events\n"


def files_of(name: str, task: str) -> dict[str, str]:
    """The new files by their path below the root."""
    service, client = f"services/{name}", f"services/{name}/client"
    words = {"name": name, "task": task}
    return {
        f"{service}/README.md": README.format(**words),
        f"{service}/pyproject.toml": SERVICE_PYPROJECT.format(**words),
        f"{service}/src/farthing/{name}/migrations/0001_start.sql": "",
        f"{service}/src/farthing/{name}/__init__.py": f'"""{task}"""\n',
        f"{service}/src/farthing/{name}/__main__.py": MAIN.format(**words),
        f"{service}/src/farthing/{name}/py.typed": "",
        f"{client}/pyproject.toml": CLIENT_PYPROJECT.format(**words),
        f"{client}/src/farthing/clients/{name}/__init__.py": f'"""What others need to talk to {name}."""\n',
        f"{client}/src/farthing/clients/{name}/py.typed": "",
    }


def main(arguments: list[str]) -> int:
    if len(arguments) != 2 or not re.fullmatch(r"[a-z]+", arguments[0]):
        sys.stderr.write("usage: new_service.py NAME 'Its one task.'  (NAME: lower-case letters)\n")
        return 2
    name, task = arguments
    if (ROOT / "services" / name).exists():
        sys.stderr.write(f"services/{name} exists already: choose another name\n")
        return 1
    for path, text in files_of(name, task).items():
        target = ROOT / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    sys.stdout.write(f"services/{name} is there; next: add it to pyproject.toml (make check tells where) and `make install`\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
