"""Two trees of the project: the one under test, and the previous release's, taken out of the history."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_PARTS = ("libs", "services", "embedded")
_NEED = "the previous release's commit (the one that RELEASED names: clone with the whole history)"


class Tree:
    """One release's code. `name` is what tests call it."""

    def __init__(self, name: str, root: Path) -> None:
        self.name, self.root = name, root
        found = root.glob("services/*/pyproject.toml")
        self.services = tuple(sorted(path.parent.name for path in found if "cluster-only = true" not in path.read_text()))
        self.has_broker = (root / "libs/standalone").is_dir()  # the first release knew none

    def environment(self) -> dict[str, str]:
        """Of a process that runs this tree's code: its folders come before whatever is installed. No setting of the caller's is kept."""
        folders = [*self.root.glob("libs/*/src"), *self.root.glob("services/*/src"), *self.root.glob("services/*/client/src")]
        path = os.pathsep.join(map(str, [*sorted(folders), self.root / "embedded/src"]))
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("FARTHING_", "OTEL_", "PYTHON"))}
        return {**kept, "PYTHONPATH": path}


def released_commit() -> str:
    return (ROOT / "RELEASED").read_text().strip()


def released_tree(folder: Path) -> Tree:
    """The tree of RELEASED, unpacked into `folder`. Fails in CI and skips elsewhere when the commit is not there."""
    commit = released_commit()
    need_commit(commit)
    packed = subprocess.run(["git", "archive", "--format=tar", commit, *_PARTS], cwd=ROOT, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    return Tree("released", folder)


def need_commit(commit: str) -> None:
    if git("cat-file", "-e", f"{commit}^{{commit}}"):
        return
    if os.environ.get("CI"):
        pytest.fail(f"CI must run this, and it needs {_NEED}", pytrace=False)
    pytest.skip(f"not run here: needs {_NEED}")


def git(*arguments: str) -> bool:
    """Whether git agrees."""
    try:
        return subprocess.run(["git", *arguments], cwd=ROOT, check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False
