"""SQL names its columns, for `*` breaks the cached plans of the running version when a migration adds one.

Nothing but constants is stitched into it: values travel as parameters.
"""

from __future__ import annotations

import ast
import re

from tests.architecture.rules.syntax import parsed

_QUOTED_OR_COMMENT = re.compile(r"'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/", re.DOTALL)
_STAR = re.compile(r"\b(?:SELECT|RETURNING)(?:\s+(?:ALL|DISTINCT))?\s+\*|(?<=,)\s*\*(?=\s*(?:,|\bFROM\b|$))|[\w\")]\.\*", re.IGNORECASE)
_CONSTANT = re.compile(r"_{0,2}[A-Z][A-Z0-9_]*")
_STATEMENT = re.compile(r"\b(?:SELECT|INSERT|UPDATE|DELETE|RETURNING|MERGE)\b")


def stars_in_sql(path: str, text: str) -> list[str]:
    """A file of SQL."""
    return [f"{path}:{line}: {_MESSAGE}" for line in _lines_with_star(text)]


def stars_in_python(path: str, text: str) -> list[str]:
    """The strings of a Python file that hold a statement."""
    return [
        f"{path}:{start + line - 1}: {_MESSAGE}"
        for start, string in _strings(parsed(text))
        if _STATEMENT.search(string)
        for line in _lines_with_star(string)
    ]


_MESSAGE = "`*` in SQL: name the columns (in EXISTS say SELECT 1), so that a migration may add one while this runs"


def stitched_sql(path: str, text: str) -> list[str]:
    """Inside functions only constants (UPPER_CASE names) stand in a statement; what is stitched at import is a constant itself."""
    functions = [node for node in ast.walk(parsed(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)]
    inside = {id(node): node for function in functions for node in ast.walk(function) if isinstance(node, ast.expr)}
    lines = sorted({node.lineno for node in inside.values() if _is_stitched(node)})
    return [f"{path}:{line}: a value is stitched into SQL: pass it as $1, or make what it chooses from constants" for line in lines]


def _is_stitched(node: ast.expr) -> bool:
    match node:
        case ast.JoinedStr(values=parts):
            text = "".join(_piece(part) for part in parts)
            return _is_statement(text) and not all(_is_constant(part.value) for part in parts if isinstance(part, ast.FormattedValue))
        case ast.BinOp(op=ast.Add() | ast.Mod(), left=left, right=right):
            sides = (left, right)
            return any(_is_text_of_statement(side) for side in sides) and not all(_is_constant(side) for side in sides)
        case ast.Call(func=ast.Attribute(value=template, attr="format" | "replace" | "format_map"), args=arguments, keywords=named):
            values = [*arguments, *(keyword.value for keyword in named)]
            return _is_text_of_statement(template) and not all(_is_constant(value) for value in values)
    return False


def _is_text_of_statement(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return _is_text_of_statement(node.left) or _is_text_of_statement(node.right)
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and _is_statement(node.value)


def _is_statement(text: str) -> bool:
    return re.search(r"\b(?:SELECT\s|INSERT\s+INTO\s|UPDATE\s.*\bSET\s|DELETE\s+FROM\s|MERGE\s+INTO\s)", text, re.DOTALL) is not None


def _is_constant(node: ast.expr) -> bool:
    match node:
        case ast.Constant() | ast.JoinedStr():
            return True
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return _CONSTANT.fullmatch(name) is not None
        case ast.BinOp(left=left, right=right):
            return _is_constant(left) and _is_constant(right)
    return False


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
