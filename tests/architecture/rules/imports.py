"""What a distribution imports, it declares: an image contains what is declared and nothing else."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping, Sequence

from tests.architecture.rules.syntax import parsed


def imported_modules(text: str) -> Iterator[tuple[int, str]]:
    """Dotted names with their lines; of `from a import b` it is `a.b`, for `b` may be a module."""
    for node in ast.walk(parsed(text)):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, name.name) for name in names)
            case ast.ImportFrom(module=str(module), level=0, names=names):
                yield from ((node.lineno, f"{module}.{name.name}") for name in names)


def undeclared_members(path: str, text: str, declared: set[str], portions: Mapping[str, str]) -> list[str]:
    """Of our own namespace: `portions` maps each portion (farthing.clients.ledger) to its distribution."""
    found = []
    for line, module in imported_modules(text):
        portion = next((known for known in portions if f"{module}.".startswith(f"{known}.")), None)
        if portion is not None and portions[portion] not in declared:
            found.append(f"{path}:{line}: imports {portion}: declare {portions[portion]} in its pyproject.toml, or do without")
    return found


def undeclared_third_parties(path: str, text: str, declared: set[str], distributions: Mapping[str, Sequence[str]]) -> list[str]:
    """Of others, each once: `distributions` maps a top-level module to the distributions that bring it."""
    found: dict[str, str] = {}
    for line, module in imported_modules(text):
        top = module.split(".", 1)[0]
        if top in sys.stdlib_module_names or top == "farthing" or top in found:
            continue
        bringing = sorted(distributions.get(top, []))
        if declared.isdisjoint(bringing):
            names = bringing[0] if len(bringing) == 1 else f"what brings {module}"
            found[top] = f"{path}:{line}: imports {top}: declare {names} in its pyproject.toml"
    return list(found.values())
