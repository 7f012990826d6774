"""The tree as the architecture tests see it: files, members and their declarations."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

# Only for a tree without git, where .gitignore cannot be asked.
_UNTRACKED = {".git", ".venv", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".import_linter_cache", ".hypothesis", ".farthing"} | {
    "__pycache__",
    "node_modules",
    "build",
    "dist",
    "test-results",
}

_SYSTEM = frozenset({"etc", "mnt", "opt", "srv", "tmp", "usr", "var"})


@dataclass(frozen=True, slots=True)
class Member:
    """One distribution of the tree: a folder with a pyproject.toml and a portion of the namespace."""

    folder: str
    portion: str

    @property
    def package(self) -> Path:
        return ROOT / self.folder / "src" / self.portion.replace(".", "/")

    @property
    def modules(self) -> list[Path]:
        return sorted(self.package.rglob("*.py"))

    @property
    def pyproject(self) -> dict[str, Any]:
        return tomllib.loads((ROOT / self.folder / "pyproject.toml").read_text())

    @property
    def distribution(self) -> str:
        return normalized(self.pyproject["project"]["name"])

    @property
    def declared(self) -> set[str]:
        """The distributions that its pyproject.toml names."""
        return {requirement_name(line) for line in self.pyproject["project"].get("dependencies", [])}


@cache
def configuration() -> dict[str, Any]:
    """The root pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


@cache
def services() -> tuple[str, ...]:
    return tuple(sorted(folder.name for folder in (ROOT / "services").iterdir() if (folder / "pyproject.toml").exists()))


@cache
def beside() -> frozenset[str]:
    """The services that exist on a cluster only, beside the platform: their own pyproject.toml says so, and nothing else does."""
    found = {name: tomllib.loads((ROOT / f"services/{name}/pyproject.toml").read_text()) for name in services()}
    return frozenset(name for name, content in found.items() if content.get("tool", {}).get("farthing", {}).get("cluster-only") is True)


@cache
def members() -> tuple[Member, ...]:
    """Libraries, services and their clients, embedded; found in the folders, not in any list."""
    libraries = sorted(folder.name for folder in (ROOT / "libs").iterdir() if folder.is_dir())
    found = [Member(f"libs/{name}", f"farthing.{name}") for name in libraries]
    for name in services():
        found += [Member(f"services/{name}/client", f"farthing.clients.{name}"), Member(f"services/{name}", f"farthing.{name}")]
    return (*found, Member("embedded", "farthing.embedded"))


@cache
def product_files() -> tuple[Path, ...]:
    """Every Python file that a distribution ships."""
    return tuple(path for member in members() for path in member.modules)


@cache
def committed_files() -> tuple[Path, ...]:
    """Every file that is, or is about to be, under version control; where git cannot be asked, every file that is nobody's output."""
    git = shutil.which("git")
    if git and (ROOT / ".git").exists():
        command = [git, "-C", str(ROOT), "ls-files", "-z", "-co", "--exclude-standard"]
        answer = subprocess.run(command, capture_output=True, check=False)
        if answer.returncode == 0:
            return tuple(sorted(path for name in answer.stdout.split(b"\0") if name and (path := ROOT / os.fsdecode(name)).is_file()))
    return tuple(sorted(walk(ROOT)))


@cache
def neighbours() -> tuple[str, ...]:
    """This tree and what lies beside it, by absolute path; nothing where the system's own folders lie beside it."""
    if len(ROOT.parts) < 3 or ROOT.parts[1] in _SYSTEM:
        return ()
    return tuple(str(path) for path in sorted(ROOT.parent.iterdir()))


def walk(folder: Path) -> list[Path]:
    """All files below, without what tools leave behind."""
    found: list[Path] = []
    for entry in folder.iterdir():
        if entry.name in _UNTRACKED:
            continue
        found += walk(entry) if entry.is_dir() and not entry.is_symlink() else [entry]
    return found


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def normalized(distribution: str) -> str:
    """A distribution's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def requirement_name(line: str) -> str:
    found = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", line)
    if found is None:
        raise ValueError(f"not a requirement: {line!r}")
    return normalized(found[0])
