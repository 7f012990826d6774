"""PayPal's OpenAPI files: their operations, and which of them a request addresses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

METHODS = ("get", "put", "post", "delete", "patch")
_PARAMETER = re.compile(r"\{[^}]+\}")


class UndocumentedStatus(LookupError):
    """An answer whose status neither the operation nor its default describes."""


@dataclass(frozen=True)
class Operation:
    """One operation of one file. `location` is its JSON pointer there; `responses` maps status (or `default`) to the response object."""

    api: str
    method: str
    template: str
    operation_id: str
    location: str
    responses: dict[str, Any]
    takes_json: bool
    requires_body: bool

    def response(self, status: int) -> str:
        """The key of the response object for this status. The default describes errors only.

        Raises UndocumentedStatus.
        """
        if str(status) in self.responses:
            return str(status)
        if "default" in self.responses and status >= 400:
            return "default"
        raise UndocumentedStatus(f"status {status} is not documented, only {', '.join(self.responses)}")


@dataclass(frozen=True)
class Document:
    """One OpenAPI file."""

    api: str
    content: dict[str, Any]

    def operations(self) -> Iterator[Operation]:
        for template, methods in self.content["paths"].items():
            for method in METHODS:
                if method in methods:
                    yield self._operation(template, method, methods[method])

    def resolved(self, node: dict[str, Any]) -> tuple[dict[str, Any], str | None]:
        """The node that references lead to, with its JSON pointer if there was a reference."""
        pointer = None
        while "$ref" in node:
            pointer = node["$ref"].removeprefix("#")
            node = self.content
            for part in pointer[1:].split("/"):
                node = node[part.replace("~1", "/").replace("~0", "~")]
        return node, pointer

    def _operation(self, template: str, method: str, node: dict[str, Any]) -> Operation:
        body, _ = self.resolved(node.get("requestBody", {}))
        return Operation(
            api=self.api,
            method=method.upper(),
            template=template,
            operation_id=node["operationId"],
            location=f"/paths/{escaped(template)}/{method}",
            responses=node["responses"],
            takes_json="application/json" in body.get("content", {}),
            requires_body=body.get("required", False),
        )


class Paths:
    """Finds the operation that a request addresses: of two templates that fit, the one with literal text where they part."""

    def __init__(self, operations: list[Operation]) -> None:
        ordered = sorted(operations, key=lambda each: each.template)  # the brace of a parameter sorts behind letters and digits
        self._patterns = [(each.method, _pattern(each.template), each) for each in ordered]

    def find(self, method: str, path: str) -> Operation | None:
        """`path` may carry a query, a trailing slash and doubled slashes: clients send them."""
        plain = re.sub("/+", "/", path.partition("?")[0]).rstrip("/")
        return next((each for verb, pattern, each in self._patterns if verb == method.upper() and pattern.fullmatch(plain)), None)


def load(folder: Path) -> list[Document]:
    """The files of the folder. Raises FileNotFoundError when there is none."""
    files = sorted(folder.glob("*.json"))
    if not files:
        raise FileNotFoundError(f"no OpenAPI file in {folder}")
    return [Document(file.stem, json.loads(file.read_text("utf-8"))) for file in files]


def escaped(part: str) -> str:
    """One step of a JSON pointer (RFC 6901)."""
    return part.replace("~", "~0").replace("/", "~1")


def _pattern(template: str) -> re.Pattern[str]:
    literals = [re.escape(literal) for literal in _PARAMETER.split(template)]
    return re.compile("[^/]+".join(literals))
