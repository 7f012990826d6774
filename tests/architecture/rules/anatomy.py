"""Every service is built from the same files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

REQUIRED = ("__init__", "__main__", "service", "api", "operations")
MODULES = frozenset({*REQUIRED, "handlers", "jobs", "gateways", "repository", "domain", "errors", "settings"})


def missing_parts(package: Path) -> list[str]:
    """The files that no service goes without; each may be a package of the same name."""
    modules = _modules(package)
    found = [f"{package.name}: {name}.py is missing: see the anatomy of a service" for name in REQUIRED if name not in modules]
    if not (package / "py.typed").exists():
        found.append(f"{package.name}: py.typed is missing: without it its types are not checked elsewhere")
    return found


def unlisted_modules(package: Path, extra: Mapping[str, str]) -> list[str]:
    """Modules beyond the anatomy are listed with their reasons, and what is listed exists. `extra`: reason by module."""
    beyond = _modules(package) - MODULES
    where = f"[tool.farthing.extra-modules] {package.name}"
    found = [
        f"{package.name}: {name} is not in the anatomy: put it where it belongs, or list it in {where}" for name in beyond - set(extra)
    ]
    found += [f"{package.name}: {name} does not exist: remove it from {where}" for name in set(extra) - beyond]
    found += [f"{package.name}: {name} has no reason: write it in {where}" for name, reason in extra.items() if not reason.strip()]
    return sorted(found)


def _modules(package: Path) -> set[str]:
    files = {path.stem for path in package.glob("*.py")}
    return files | {path.parent.name for path in package.glob("*/__init__.py")}
