"""Kubernetes objects and values, read from YAML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml


def read_values(path: Path) -> dict[str, Any]:
    """What a values file sets; an empty one sets nothing."""
    return dict(yaml.safe_load(path.read_text()) or {})


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Values over values, as Helm lays them: maps are merged, everything else is replaced."""
    result = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result


class Objects:
    """The objects of one render."""

    def __init__(self, text: str) -> None:
        self.all: list[dict[str, Any]] = [one for one in yaml.safe_load_all(text) if one]

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        """By name."""
        return {one["metadata"]["name"]: one for one in self.all if one["kind"] == kind}

    def one(self, kind: str, name: str) -> dict[str, Any]:
        return self.of(kind)[name]

    def pods(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """The specification of every pod, with the name of what makes it."""
        for one in self.all:
            name = f"{one['kind']} {one['metadata']['name']}"
            if one["kind"] == "Pod":
                yield name, one["spec"]
            elif one["kind"] in {"Deployment", "StatefulSet", "Job"}:
                yield name, one["spec"]["template"]["spec"]


def environment(container: Mapping[str, Any]) -> dict[str, str]:
    """Names and values; of a secret's, `secret name/key`."""
    found = {}
    for entry in container["env"]:
        secret = entry.get("valueFrom", {}).get("secretKeyRef")
        found[entry["name"]] = f"secret {secret['name']}/{secret['key']}" if secret else entry["value"]
    return found
