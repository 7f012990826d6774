"""Static files, read once; an address that carries the file's version may be kept for ever."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files

_MEDIA = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    content: bytes
    media: str
    version: str


class Assets:
    """The files of pages/static by name."""

    def __init__(self) -> None:
        folder = files("farthing.checkout.pages") / "static"
        self._known = {entry.name: _asset(entry.name, entry.read_bytes()) for entry in folder.iterdir()}

    def get(self, name: str) -> Asset | None:
        return self._known.get(name)

    def address(self, name: str) -> str:
        """Where a page finds the file, in the version that belongs to it."""
        return f"/checkout/static/{name}?v={self._known[name].version}"


def _asset(name: str, content: bytes) -> Asset:
    return Asset(content, _MEDIA[name.rpartition(".")[2]], hashlib.sha256(content).hexdigest()[:12])
