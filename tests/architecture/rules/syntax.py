"""Python files as trees, each read once for all rules."""

from __future__ import annotations

import ast
from functools import cache


@cache
def parsed(text: str) -> ast.Module:
    """Raises SyntaxError. The tree is shared: look, do not change."""
    return ast.parse(text)
