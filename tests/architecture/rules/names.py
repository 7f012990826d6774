"""Names that say what a thing is for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import PurePosixPath

from tests.architecture.rules.syntax import parsed

DRAWERS = frozenset({"util", "utils", "utilities", "helper", "helpers", "common", "manager", "managers", "misc", "base", "shared", "stuff"})

_NOUNS = {"buyer", "capture", "card", "checkout", "dispute", "invoice", "ledger", "merchant", "payee", "payer", "payment", "payout"} | {
    "purchase",
    "refund",
    "seller",
    "vault",
    "wallet",
}
BUSINESS_NOUNS = frozenset(_NOUNS | {f"{noun}s" for noun in _NOUNS} | {"orders"})
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def drawer(path: str) -> list[str]:
    """No module or package is a drawer for whatever has no place."""
    parts = PurePosixPath(path).with_suffix("").parts
    return [f"{path}: {part!r} says nothing: name the module after what it is for" for part in parts if part in DRAWERS]


def business_nouns(path: str, text: str) -> list[str]:
    """The kit is mechanism: no identifier and no file name of it speaks of what the platform trades in."""
    found = [(1, PurePosixPath(path).stem), *_identifiers(parsed(text))]
    return [
        f"{path}:{line}: {name!r} is business ({noun}): name the mechanism, or move it to the service that owns the word"
        for line, name in dict.fromkeys(found)
        for noun in _business(name)
    ]


def _business(identifier: str) -> list[str]:
    words = [word.lower() for word in _WORD.findall(identifier)]
    found = [word for word in words if word in BUSINESS_NOUNS]
    if _is_the_noun_order(identifier, words):
        found.append("order")
    return found


def _is_the_noun_order(identifier: str, words: list[str]) -> bool:
    """`order_by`, `sort_order` and `order` are about sequence; `Order` and `order_id` are about checkout."""
    if identifier.startswith("Order") and words[0] == "order":
        return True
    return any(word == "order" and following not in {"by", "of"} for word, following in pairwise(words))


def _identifiers(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                yield node.lineno, name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield node.lineno, name
            case ast.keyword(arg=str(name)):
                yield node.lineno, name
            case ast.alias(name=name, asname=other):
                yield from ((node.lineno, part) for part in (*name.split("."), *filter(None, [other])))
