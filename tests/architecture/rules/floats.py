"""Money is an integer of minor units: no binary fraction comes near it."""

from __future__ import annotations

import ast
import re

from tests.architecture.rules.syntax import parsed

_DURATION = re.compile(r"(?:^|_)(?:seconds|timeout|deadline|interval|delay|pause|age|wait)$", re.IGNORECASE)
_WAITING_CALL = frozenset({"sleep", "timeout", "timeout_at", "wait", "wait_for", "call_later"})
_WHAT_INSTEAD = "money is Money or an integer of minor units; a duration's name ends in seconds, timeout, delay, ..."


def floats(path: str, text: str) -> list[str]:
    """No `float`, no literal with a fraction and no `/`, but for durations in seconds, which say so by their names."""
    finder = _Finder()
    finder.visit(parsed(text))
    return [f"{path}:{line}: {what}: {_WHAT_INSTEAD}" for line, what in finder.found]


class _Finder(ast.NodeVisitor):
    def __init__(self) -> None:
        self.found: list[tuple[int, str]] = []

    def visit_arguments(self, node: ast.arguments) -> None:
        positional = [*node.posonlyargs, *node.args]
        defaults = [*[None] * (len(positional) - len(node.defaults)), *node.defaults, *node.kw_defaults]
        for parameter, default in zip([*positional, *node.kwonlyargs], defaults, strict=True):
            if not _DURATION.search(parameter.arg):
                self._visit_all(parameter.annotation, default)
        self._visit_all(*(star.annotation for star in (node.vararg, node.kwarg) if star))

    def visit_keyword(self, node: ast.keyword) -> None:
        self._unless_duration(node.arg or "", node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._unless_duration(_name(node.target), node)

    def visit_Assign(self, node: ast.Assign) -> None:
        self._unless_duration(_name(node.targets[0]), node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._function(node)

    def visit_Call(self, node: ast.Call) -> None:
        if _name(node.func) not in _WAITING_CALL:
            self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if node.id == "float":
            self.found.append((node.lineno, "float"))

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, float):
            self.found.append((node.lineno, f"the literal {node.value}"))

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if isinstance(node.op, ast.Div) and not (_is_text(node.left) or _is_text(node.right) or _is_exact(node)):
            self.found.append((node.lineno, "/ makes a float, use Decimal, // or divmod with the rounding rule in words"))
        self.generic_visit(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """A function named after a duration may answer one; its body is looked at all the same."""
        self._visit_all(None if _DURATION.search(node.name) else node.returns, *node.decorator_list, node.args, *node.body)

    def _visit_all(self, *parts: ast.AST | None) -> None:
        for part in parts:
            if part is not None:
                self.visit(part)

    def _unless_duration(self, name: str, node: ast.AST) -> None:
        if not _DURATION.search(name):
            self.generic_visit(node)


def _name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _is_text(node: ast.expr) -> bool:
    """A path is joined, nothing is divided."""
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _is_exact(node: ast.expr) -> bool:
    """Decimal and Fraction divide without binary fractions; one of them stands in the expression."""
    return any(isinstance(part, ast.Call) and _name(part.func) in {"Decimal", "Fraction"} for part in ast.walk(node))
