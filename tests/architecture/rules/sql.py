"""SQL names its columns: `*` breaks the cached plans of the running version when a migration adds a column."""

from __future__ import annotations

import ast
import re

_QUOTED_OR_COMMENT = re.compile(r"'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/", re.DOTALL)
_STAR = re.compile(r"\b(?:SELECT|RETURNING)(?:\s+(?:ALL|DISTINCT))?\s+\*|(?<=,)\s*\*(?=\s*(?:,|\bFROM\b|$))|[\w\")]\.\*", re.IGNORECASE)
_STATEMENT = re.compile(r"\b(?:SELECT|INSERT|UPDATE|DELETE|RETURNING|MERGE)\b")


def stars_in_sql(path: str, text: str) -> list[str]:
    """A file of SQL."""
    return [f"{path}:{line}: {_MESSAGE}" for line in _lines_with_star(text)]


def stars_in_python(path: str, text: str) -> list[str]:
    """The strings of a Python file that hold a statement."""
    return [
        f"{path}:{start + line - 1}: {_MESSAGE}"
        for start, string in _strings(ast.parse(text))
        if _STATEMENT.search(string)
        for line in _lines_with_star(string)
    ]


_MESSAGE = "`*` in SQL: name the columns (in EXISTS say SELECT 1), so that a migration may add one while this runs"


def _lines_with_star(sql: str) -> list[int]:
    bare = _QUOTED_OR_COMMENT.sub(lambda found: "\n" * found[0].count("\n") or " ", sql)
    return [bare.count("\n", 0, star.end()) + 1 for star in _STAR.finditer(bare)]


def _strings(tree: ast.Module) -> list[tuple[int, str]]:
    """Strings with their first lines; in an f-string each placeholder becomes a name."""
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node) if part is not node}
    found: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            found.append((node.lineno, "".join(_piece(part) for part in node.values)))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            found.append((node.lineno, node.value))
    return found


def _piece(part: ast.expr) -> str:
    return part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else "placeholder"
