"""Made-up resources for simulated events: one shape for each kind of event and version, filled in for each use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Template
from typing import Any


@dataclass(frozen=True, slots=True)
class Sample:
    resource_type: str
    version: str
    resource: dict[str, Any]


class Samples:
    """`data`: for each beginning of an event name the resource's type, its shape by version, and its state by the name's last word."""

    def __init__(self, data: Sequence[Mapping[str, Any]]) -> None:
        self._data = sorted(data, key=lambda one: -len(one["events"]))  # the longest beginning is the closest

    def make(self, event_type: str, version: str | None, values: Mapping[str, str]) -> Sample | None:
        """A resource of this version (None: the newest), `$name` replaced by the value; None when there is none of this version."""
        found = next((one for one in self._data if event_type.startswith(one["events"])), None)
        if found is None:
            return None
        version = version or max(found["resources"])
        shape = found["resources"].get(version)
        if shape is None:
            return None
        state = found["states"].get(event_type.rpartition(".")[2], "")
        return Sample(found["resource_type"], version, _filled(shape, {**values, "state": state, "old_state": state.lower()}))


def _filled(shape: Any, values: Mapping[str, str]) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(shape, dict):
        return {name: _filled(inner, values) for name, inner in shape.items()}
    if isinstance(shape, list):
        return [_filled(inner, values) for inner in shape]
    return Template(shape).substitute(values) if isinstance(shape, str) else shape
