"""Code in pieces that one can read at a glance."""

from __future__ import annotations

import ast

from tests.architecture.rules.syntax import parsed

FILE_LINES = 400
TEST_FILE_LINES = 600
FUNCTION_LINES = 60
MEDIAN_FUNCTION_LINES = 10
KIT_LINES = 3200

type_of_function = (ast.FunctionDef, ast.AsyncFunctionDef)


def long_file(path: str, text: str) -> list[str]:
    """A file has at most 400 lines, a test file 600."""
    limit = TEST_FILE_LINES if "tests" in path.split("/")[:-1] else FILE_LINES
    lines = len(text.splitlines())
    if lines <= limit:
        return []
    return [f"{path}: {lines} lines, at most {limit}: make it a package of the same name, split by use case"]


def function_lengths(text: str) -> dict[str, int]:
    """Lines of each function by `line:name`, from `def` to its end; its docstring does not count."""
    functions = (node for node in ast.walk(parsed(text)) if isinstance(node, type_of_function))
    return {f"{node.lineno}:{node.name}": _length(node) for node in functions}


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    lines = (node.end_lineno or node.lineno) - node.lineno + 1
    first = node.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        lines -= (first.end_lineno or first.lineno) - first.lineno + 1
    return lines


def long_functions(path: str, text: str) -> list[str]:
    """A function has at most 60 lines."""
    return [
        f"{path}:{place}: {lines} lines, at most {FUNCTION_LINES}: name its steps and make them functions"
        for place, lines in function_lengths(text).items()
        if lines > FUNCTION_LINES
    ]
