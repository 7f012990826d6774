"""What an operator switched on for the whole platform, by name: published by the console, read in every process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Switches:
    """Named JSON values, set by the console only. A process holds a copy; embedded, everybody holds the same object."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - any JSON
        return self._values.get(name, default)

    def put(self, name: str, value: Any) -> None:  # noqa: ANN401
        self._values[name] = value

    def replace(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)

    def clear(self) -> None:
        self._values.clear()
