"""What no committed file contains: traces of one machine, addresses of package registries, bulk."""

from __future__ import annotations

import re
from collections.abc import Sequence

LARGEST = 1_000_000  # bytes

# The patterns are written so that they do not match themselves.
_HOMES = r"/(?:root|home|Users)/[\w.]|\b[A-Z]:\\{1,2}Users\\"
_END = r"(?![\w\-])"
_REGISTRY = re.compile(
    r"\b(?:pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|yarnpkg\.com|jsr\.io|proxy\.golang\.org|crates\.io|rubygems\.org|anaconda\.org)\b",
    re.IGNORECASE,
)


def machine_paths(path: str, text: str, places: Sequence[str]) -> list[str]:
    """No absolute path of somebody's machine: neither below a home nor one of `places`."""
    known = "|".join([_HOMES, *(f"{re.escape(place)}{_END}" for place in places)])
    return [
        f"{path}:{line}: {found[0]!r} exists on one machine only: make the path relative, or let the caller give it"
        for line, found in _matches(re.compile(rf"(?<![\w.\-*}}])(?:{known})"), text)
    ]


def registry_addresses(path: str, text: str) -> list[str]:
    """No address of a package registry: which one is used is a matter of the machine's configuration."""
    return [
        f"{path}:{line}: {found[0]!r} is a package registry: leave it to pip's and npm's configuration"
        for line, found in _matches(_REGISTRY, text)
    ]


def too_large(path: str, size: int) -> list[str]:
    """No file over 1 MB."""
    if size <= LARGEST:
        return []
    return [f"{path}: {size} bytes, at most {LARGEST}: make it by a tool, or compress what must be kept"]


def _matches(pattern: re.Pattern[str], text: str) -> list[tuple[int, re.Match[str]]]:
    return [(text.count("\n", 0, found.start()) + 1, found) for found in pattern.finditer(text)]
