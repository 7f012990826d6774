"""Print the distributions that a service's image contains: its closure over the declared farthing-* dependencies.

An undeclared import then fails in the image, which is what the image's smoke test is for.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def members() -> dict[str, Path]:
    """Every distribution of the project by its name."""
    patterns = ("libs/*", "services/*", "services/*/client", "embedded")
    folders = [folder for pattern in patterns for folder in sorted(ROOT.glob(pattern)) if (folder / "pyproject.toml").is_file()]
    return {str(_project(folder)["name"]): folder for folder in folders}


def closure(name: str, known: dict[str, Path]) -> list[Path]:
    """The folders of a distribution and of everything of ours that it depends on, dependencies first. Raises KeyError."""
    found: dict[str, Path] = {}

    def visit(distribution: str) -> None:
        if distribution not in found:
            for dependency in _project(known[distribution])["dependencies"]:
                if dependency.startswith("farthing-"):
                    visit(dependency)
            found[distribution] = known[distribution]

    visit(name)
    return list(found.values())


def _project(folder: Path) -> dict[str, Any]:
    return dict(tomllib.loads((folder / "pyproject.toml").read_text())["project"])


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        sys.stderr.write("usage: image_members.py SERVICE   (a folder of services/, or embedded)\n")
        return 2
    try:
        folders = closure(f"farthing-{arguments[0]}", members())
    except KeyError as error:
        sys.stderr.write(f"no distribution {error}: SERVICE is a folder of services/, or embedded\n")
        return 1
    sys.stdout.write(" ".join(f"./{folder.relative_to(ROOT)}" for folder in folders) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
