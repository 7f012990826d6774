"""Which paths PayPal's API has: for saying what is not implemented here, rather than that it does not exist."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PaypalOperation:
    """One operation; `group` is the API that documents it, if any does."""

    method: str
    path: str
    name: str
    group: str | None = None


class PaypalPaths:
    """Finds operations by method and path. Where both fit, a fixed segment wins over a parameter."""

    def __init__(self, operations: Iterable[PaypalOperation]) -> None:
        self._by_length: dict[int, list[PaypalOperation]] = {}
        for operation in operations:
            self._by_length.setdefault(len(_segments(operation.path)), []).append(operation)
        for found in self._by_length.values():
            found.sort(key=lambda operation: [segment.startswith("{") for segment in _segments(operation.path)])

    def at(self, path: str) -> list[PaypalOperation]:
        """Every operation whose path fits, the most literal ones first."""
        parts = _segments(path)
        return [operation for operation in self._by_length.get(len(parts), ()) if _fits(_segments(operation.path), parts)]


def _segments(path: str) -> list[str]:
    return path.strip("/").split("/")


def _fits(segments: list[str], parts: list[str]) -> bool:
    return all(segment.startswith("{") or segment == part for segment, part in zip(segments, parts, strict=True))
