#!/opt/farthing/bin/python
"""Run while an image is built: every module of ours in it can be imported, and every import that stands anywhere in them is there.

Imports inside functions count too, and those of `__main__` modules, which are not run. What only type checkers read does not.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

NAMESPACES = ("farthing", "farthing.clients")  # what is imported from these is a module


def imports(node: ast.AST) -> Iterator[str]:
    """The modules that the import statements below a node name."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom) and child.module:
            yield from ([f"{child.module}.{alias.name}" for alias in child.names] if child.module in NAMESPACES else [child.module])
        elif isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            yield from (name for branch in child.orelse for name in imports(ast.Module([branch], [])))
        else:
            yield from imports(child)


def is_missing(module: str) -> bool:
    try:
        return module not in sys.modules and importlib.util.find_spec(module) is None
    except ModuleNotFoundError:
        return True


def problems(installed: Path) -> Iterator[str]:
    paths = sorted((installed / "farthing").rglob("*.py"))
    if not paths:
        yield f"nothing of ours is installed in {installed}"
    for path in paths:
        parts = path.relative_to(installed).with_suffix("").parts
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        for wanted in sorted(set(imports(ast.parse(path.read_bytes())))):
            if is_missing(wanted):
                yield f"{module} imports {wanted}, which this image does not have: is it declared in the pyproject.toml?"
        if parts[-1] != "__main__":
            try:
                importlib.import_module(module)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
                yield f"{module} cannot be imported: {type(error).__name__}: {error}"


def main() -> int:
    found = list(problems(Path(sysconfig.get_path("purelib"))))
    sys.stdout.write("".join(f"{problem}\n" for problem in found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
