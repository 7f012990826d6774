"""What is committed works everywhere: nothing in it belongs to one machine."""

from __future__ import annotations

from functools import cache

from tests.architecture.rules.contents import machine_paths, registry_addresses, too_large
from tests.architecture.tree import committed_files, neighbours, relative
from tests.architecture.verdict import none_of


@cache
def texts() -> tuple[tuple[str, str], ...]:
    """Path and text; files that are no text are left out."""
    found = []
    for path in committed_files():
        content = path.read_bytes()
        if b"\0" not in content[:8192]:
            found.append((relative(path), content.decode(errors="replace")))
    return tuple(found)


def test_there_are_files_to_look_at() -> None:
    assert {"pyproject.toml", "Makefile", "tests/architecture/test_contents.py"} <= {path for path, _ in texts()}


def test_no_path_of_a_machine() -> None:
    none_of(problem for path, text in texts() for problem in machine_paths(path, text, neighbours()))


def test_no_address_of_a_package_registry() -> None:
    none_of(problem for path, text in texts() for problem in registry_addresses(path, text))


def test_no_large_file() -> None:
    none_of(problem for path in committed_files() for problem in too_large(relative(path), path.stat().st_size))
